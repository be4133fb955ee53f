import type {Graph} from '../../onnx/graph.js'
import {tensorBytes} from '../../onnx/live-tensor.js'
import {livenessOf} from '../../onnx/liveness.js'
import type {DeviceMemory} from '../../runtime/devices/device-kind.js'
import {type GraphKind, mayKeepMemory} from './graph-kinds.js'

/** Bytes of a run from which on a training graph gives its memory back when the run ends. */
const largeRun = 2 ** 30

/**
 * Whether a graph's memory stays from run to run: that of most training graphs does. Fetching it anew makes small models a fifth to
 * a third slower; large ones, whose products take longer, lose less by it and need the memory most
 * (docs/explanation/speed.md).
 *
 * @param bytes that a run takes at its fullest moment
 */
export function keepsItsMemory(kind: GraphKind, bytes: number): boolean {
  return mayKeepMemory[kind] && bytes < largeRun
}

/**
 * Memory of a compiled graph beside its tensors: nodes, kernels, names. As measured with graphs of 23 to 7,751 nodes.
 *
 * @param nodes before onnxruntime optimizes them
 */
export function compiledBytes(nodes: number): number {
  return 768 * 2 ** 10 + 5 * 2 ** 10 * nodes
}

/** What a compiled graph holds between runs. */
export interface HeldMemory {
  /** Whether what its runs take stays. */
  readonly keepsMemory: boolean
  /** The graph itself, and what its runs take or, where that goes, only what follows from constants. */
  readonly bytes: number
}

/** What a compiled graph of a kind holds between runs; on a device of its own memory what its runs take there stays. */
export function heldMemory(kind: GraphKind, graph: Graph, {arenaFactor, isApart}: DeviceMemory): HeldMemory {
  const {peakBytes, constantBytes} = livenessOf(graph)
  if (isApart) {
    const fed = graph.inputs.reduce((sum, input) => sum + tensorBytes(input), 0)
    return {keepsMemory: true, bytes: Math.round(arenaFactor * (peakBytes + fed))}
  }
  const keepsMemory = keepsItsMemory(kind, peakBytes)
  const tensors = keepsMemory ? Math.round(arenaFactor * peakBytes) : constantBytes
  return {keepsMemory, bytes: compiledBytes(graph.nodes.length) + tensors}
}

/** Compiled graphs kept at most. */
export const sessionCapacity = 64

/** Memory that compiled graphs may keep together, bytes, of what is available; the one that runs may need more. */
export function sessionBudget(availableBytes: number): number {
  return availableBytes / 4
}
