import type {Graph} from '../onnx/graph.js'
import {livenessOf, tensorBytes} from '../onnx/liveness.js'

/** Memory that onnxruntime's arena takes for each byte that a graph holds: as measured (docs/how-to/memory.md). */
export const arenaFactor = 1.15

/** Bytes of inputs from which on a training graph gives its memory back after every run. */
const largeInputs = 2 ** 30

/**
 * Whether a training graph keeps the memory that its runs took. Fetching it anew makes small models a fifth to a third
 * slower; the products of large ones take so long that it does not show, and they need the memory most.
 */
export function isKept(graph: Graph): boolean {
  return graph.inputs.reduce((sum, input) => sum + tensorBytes(input), 0) < largeInputs
}

/** Memory that a compiled graph keeps once it has run on the CPU, bytes. */
export function arenaBytes(graph: Graph): number {
  return Math.round(arenaFactor * livenessOf(graph).peakBytes)
}

/** Memory that compiled graphs may keep together, bytes, of what is available; the one that runs may need more. */
export function sessionBudget(availableBytes: number): number {
  return availableBytes / 4
}
