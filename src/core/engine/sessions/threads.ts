import type {ModelConfig} from '../../models/model-config.js'
import {parametersOf} from '../../models/parameters.js'
import {minOf} from '../../util/extremes.js'

/** Columns that each thread of a matrix product must keep, in blocks of `blockColumns`. */
const minBlocksPerThread = 5
const blockColumns = 16

/**
 * Threads that products of this model may be spread over without changing a bit of them.
 *
 * onnxruntime cuts a wide product's columns into one piece per thread, and sums in larger blocks where a piece has 64
 * columns or fewer: then the result depends on the number of threads. A product with a weight is, forward or backward,
 * as wide as one of the weight's sides, so a bound on threads keeps the pieces wide (docs/explanation/determinism.md).
 *
 * @param requested at least 1
 * @returns between 1 and `requested`
 */
export function invariantThreads(config: ModelConfig, requested: number): number {
  const sides = parametersOf(config).flatMap(({shape}) => (shape.length > 1 ? shape : []))
  const blocks = Math.ceil(minOf(sides) / blockColumns)
  return Math.max(1, Math.min(requested, Math.floor(blocks / minBlocksPerThread)))
}
