import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/** Rotary position embedding (Su et al. 2021) in the half-split layout of Hugging Face's Llama. */

/** Cosines and sines of the rows at hand: [N, 1, D] each. */
export interface RotaryRows {
  readonly cos: Value
  readonly sin: Value
}

/**
 * How frequencies are stretched for contexts longer than the model was first trained on. Adding a kind is adding a row to
 * `stretch`.
 */
export type RotaryScaling =
  | {readonly type: 'default'}
  /** Position interpolation (Chen et al. 2023, arXiv 2306.15595): every frequency divided by `factor`. */
  | {readonly type: 'linear'; readonly factor: number}
  /**
   * By parts (Llama 3.1, Dubey et al. 2024, arXiv 2407.21783; the rule is that of its published code): a wave that turns
   * more than `highFrequencyFactor` times within `trainedPositions` is kept, one that turns fewer than
   * `lowFrequencyFactor` times is divided by `factor`, and between them the two are mixed.
   */
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly trainedPositions: number
    }

type Stretch<T extends RotaryScaling['type']> = (
  frequency: number,
  scaling: Extract<RotaryScaling, {type: T}>,
) => number

const round = Math.fround

const stretch: {readonly [T in RotaryScaling['type']]: Stretch<T>} = {
  default: (frequency) => frequency,
  linear: (frequency, {factor}) => round(frequency / factor),
  llama3: (frequency, {factor, lowFrequencyFactor, highFrequencyFactor, trainedPositions}) => {
    const wavelength = round(round(2 * Math.PI) / frequency)
    if (wavelength < trainedPositions / highFrequencyFactor) return frequency
    if (wavelength > trainedPositions / lowFrequencyFactor) return round(frequency / factor)
    const turns = round(trainedPositions / wavelength)
    const kept = round(round(turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor))
    return round(round(round(round(1 - kept) * frequency) / factor) + round(kept * frequency))
  },
}

/**
 * Radians per position of each pair of a head, [D/2]: theta^(-2i/D), stretched.
 *
 * Every intermediate value is rounded to float32, as transformers computes them: at position 100,000 an exact angle
 * would differ from the one that the model was trained with by up to 0.005 radians.
 */
function rotaryFrequencies(headSize: number, theta: number, scaling: RotaryScaling = {type: 'default'}): Float32Array {
  const stretched = stretch[scaling.type] as (frequency: number, scaling: RotaryScaling) => number
  return Float32Array.from({length: headSize / 2}, (_, i) =>
    stretched(round(1 / round(round(theta) ** round((2 * i) / headSize))), scaling),
  )
}

/** Cosine and sine tables, [length, D] row-major: angle = position * frequency in float32, repeated for both halves. */
export function rotaryTables(
  length: number,
  headSize: number,
  theta: number,
  scaling?: RotaryScaling,
): {cos: Float64Array; sin: Float64Array} {
  const frequencies = rotaryFrequencies(headSize, theta, scaling)
  const cos = new Float64Array(length * headSize)
  const sin = new Float64Array(length * headSize)
  for (let position = 0; position < length; position++)
    for (let i = 0; i < headSize; i++) {
      const angle = round(position * frequencies[i % frequencies.length])
      cos[position * headSize + i] = Math.cos(angle)
      sin[position * headSize + i] = Math.sin(angle)
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
