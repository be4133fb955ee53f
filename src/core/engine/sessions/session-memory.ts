import {arenaOf} from '../../onnx/arena.js'
import type {Graph} from '../../onnx/graph.js'
import {tensorBytes} from '../../onnx/live-tensor.js'
import {livenessOf} from '../../onnx/liveness.js'
import type {DeviceMemory} from '../../runtime/devices/device-kind.js'
import {type GraphKind, keepsMemoryFrom} from './graph-kinds.js'

/** Bytes of a run from which on a training graph gives its memory back when the run ends. */
const largeRun = 2 ** 30

/** Bytes that graphs may keep together from run to run for another one to keep its memory too: texts of many lengths have many. */
export const mostKeptByRuns = 1.25 * largeRun

/**
 * Whether a graph's memory may stay from run to run: that of most training graphs may. Fetching it anew makes models of some millions
 * of parameters a fifth to a third slower; larger ones, whose products take longer, lose less by it and need the memory most
 * (docs/explanation/speed.md).
 *
 * @param bytes that a run takes at its fullest moment
 */
export function keepsItsMemory(kind: GraphKind, bytes: number): boolean {
  return bytes >= keepsMemoryFrom[kind] && bytes < largeRun
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

/**
 * What a compiled graph of a kind holds between runs; on a device of its own memory what its runs take there stays.
 *
 * @param keptBytes what other graphs keep from run to run
 */
export function heldMemory(
  kind: GraphKind,
  graph: Graph,
  {arenaFactor, isApart}: DeviceMemory,
  keptBytes = 0,
): HeldMemory {
  const {peakBytes, constantBytes} = livenessOf(graph)
  if (isApart) {
    const fed = graph.inputs.reduce((sum, input) => sum + tensorBytes(input), 0)
    return {keepsMemory: true, bytes: arenaBytes(graph, peakBytes + fed, arenaFactor)}
  }
  const keepsMemory = keptBytes < mostKeptByRuns && keepsItsMemory(kind, peakBytes)
  const tensors = keepsMemory ? arenaBytes(graph, peakBytes, arenaFactor) : constantBytes
  return {keepsMemory, bytes: compiledBytes(graph.nodes.length) + tensors}
}

function arenaBytes(graph: Graph, heldBytes: number, factor: DeviceMemory['arenaFactor']): number {
  return factor === null ? arenaOf(graph).usedBytes : Math.round(factor * heldBytes)
}

/** Compiled graphs kept at most. */
export const sessionCapacity = 64

/** Memory that compiled graphs may keep together, bytes, of what is available; the one that runs may need more. */
export function sessionBudget(availableBytes: number): number {
  return availableBytes / 4
}
