import type {Graph} from '../../onnx/graph.js'
import {tensorBytes} from '../../onnx/live-tensor.js'
import {livenessOf} from '../../onnx/liveness.js'
import type {DeviceMemory} from '../../runtime/devices/device-kind.js'
import {type GraphKind, mayKeepMemory} from './graph-kinds.js'

/** Bytes of inputs, nearly all of them weights, from which on a training graph gives its memory back after every run. */
const largeInputs = 2 ** 30

/**
 * Whether a graph's memory stays from run to run: that of most training graphs does. Fetching it anew makes small models a fifth to
 * a third slower; large ones, whose products take longer, lose less by it and need the memory most
 * (docs/explanation/speed.md).
 *
 * @param bytes of its inputs
 */
export function keepsItsMemory(kind: GraphKind, bytes: number): boolean {
  return mayKeepMemory[kind] && bytes < largeInputs
}

/** Bytes of all inputs of a graph. */
export function inputBytes(graph: Graph): number {
  return graph.inputs.reduce((sum, input) => sum + tensorBytes(input), 0)
}

/** Memory that a compiled graph holds between runs, bytes: its arena, or only what follows from constants. */
export function heldBytes(graph: Graph, hasArena: boolean, {arenaFactor}: DeviceMemory): number {
  const {peakBytes, constantBytes} = livenessOf(graph)
  return hasArena ? Math.round(arenaFactor * peakBytes) : constantBytes
}

/** Compiled graphs kept at most. */
export const sessionCapacity = 64

/** Memory that compiled graphs may keep together, bytes, of what is available; the one that runs may need more. */
export function sessionBudget(availableBytes: number): number {
  return availableBytes / 4
}
