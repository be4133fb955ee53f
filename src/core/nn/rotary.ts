import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import {type RotaryScaling, rotaryFrequencies} from './rotary-scaling.js'

/** Rotary position embedding (Su et al. 2021) in the half-split layout of Hugging Face's Llama. */

/** Cosines and sines of the rows at hand: [N, 1, D] each. */
export interface RotaryRows {
  readonly cos: Value
  readonly sin: Value
}

/**
 * Cosine and sine tables, [length, D] row-major: angle = position * frequency in float32, repeated for both halves; times
 * the attention factor, where the scaling has one. No row depends on the length.
 */
export function rotaryTables(
  length: number,
  headSize: number,
  theta: number,
  scaling: RotaryScaling = {type: 'default'},
): {cos: Float64Array; sin: Float64Array} {
  const frequencies = rotaryFrequencies(headSize, theta, scaling)
  const factor = 'attentionFactor' in scaling ? Math.fround(scaling.attentionFactor) : 1
  const cos = new Float64Array(length * headSize)
  const sin = new Float64Array(length * headSize)
  for (let position = 0; position < length; position++)
    for (let i = 0; i < headSize; i++) {
      const angle = Math.fround(position * frequencies[i % frequencies.length])
      cos[position * headSize + i] = factor * Math.cos(angle)
      sin[position * headSize + i] = factor * Math.sin(angle)
    }
  return {cos, sin}
}

/** Table rows for positions [N] (int64) from graph inputs of shape [length, D]. */
export function rotaryRows(op: Ops, positions: Value, cosTable: Value, sinTable: Value): RotaryRows {
  const shape = [positions.shape[0], 1, cosTable.shape[1]]
  return {
    cos: op.reshape(op.gather(cosTable, positions), shape),
    sin: op.reshape(op.gather(sinTable, positions), shape),
  }
}

/**
 * x cos + rotateHalf(x) sin for x [N, H, D].
 *
 * Rotating is a product with a signed permutation: exact in any float type, and a single operator forward and backward.
 */
export function rotate(op: Ops, x: Value, {cos, sin}: RotaryRows): Value {
  const size = x.shape.at(-1)!
  const half = size / 2
  const permutation = Array.from({length: size * size}, (_, at) => {
    const [from, to] = [Math.floor(at / size), at % size]
    if (to < half) return from === to + half ? -1 : 0
    return from === to - half ? 1 : 0
  })
  const rotated = op.matMul(x, op.graph.constant(op.float, [size, size], permutation))
  return op.add(op.mul(x, cos), op.mul(rotated, sin))
}
