import type {Graph} from '../onnx/graph.js'
import {livenessOf} from '../onnx/liveness.js'

/** Memory that onnxruntime's arena takes for each byte that a graph holds: as measured (docs/how-to/memory.md). */
export const arenaFactor = 1.15

/** Memory that a compiled graph keeps once it has run on the CPU, bytes. */
export function arenaBytes(graph: Graph): number {
  return Math.round(arenaFactor * livenessOf(graph).peakBytes)
}

/** Memory that compiled graphs may keep together, bytes, of what is available; the one that runs may need more. */
export function sessionBudget(availableBytes: number): number {
  return availableBytes / 4
}
