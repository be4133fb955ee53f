import {appendBackward} from '../../src/core/autodiff/backward.js'
import type {VjpTable} from '../../src/core/autodiff/vjp-rules.js'
import {Graph} from '../../src/core/onnx/graph.js'
import {Ops} from '../../src/core/onnx/ops.js'
import type {Value} from '../../src/core/onnx/types.js'
import {Session, type TensorData} from '../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {sizeOf} from '../../src/core/util/shape.js'

export interface GradCheckCase {
  readonly shapes: readonly (readonly number[])[]
  /** The function under test, from float64 inputs of those shapes. */
  readonly build: (op: Ops, ...inputs: Value[]) => Value
  /** Keep inputs in [0.5, 1.5]: for Sqrt and Div. */
  readonly isPositive?: boolean
  readonly rules?: VjpTable
}

/** Largest |analytic - numeric| / (1 + |numeric|) over all entries of all inputs, by central differences in float64. */
export async function worstGradientError({shapes, build, isPositive, rules}: GradCheckCase): Promise<number> {
  const sampler = new Sampler(streamSeed(1, 'grad-check', JSON.stringify(shapes)))
  const draw = () => sampler.next() * 2 - 1
  const op = new Ops(new Graph(), 'float64')
  const inputs = shapes.map((shape, i) => op.input(`x${i}`, shape))
  const output = build(op, ...inputs)
  const projection = op.graph.constant('float64', output.shape, Array.from({length: sizeOf(output.shape)}, draw))
  const loss = op.total(op.mul(output, projection))
  op.graph.output('loss', loss)
  appendBackward(op, loss, inputs, rules).forEach((gradient, i) => {
    op.graph.output(`d${i}`, gradient)
  })
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const data = shapes.map((shape) =>
    Float64Array.from({length: sizeOf(shape)}, () => (isPositive ? 1 + 0.5 * draw() : draw())),
  )
  const feeds: Record<string, TensorData> = Object.fromEntries(data.map((array, i) => [`x${i}`, array]))
  const worst = await worstDifference(
    session,
    feeds,
    shapes.map((_, i) => [`x${i}`, `d${i}`]),
  )
  await session.release()
  return worst
}

/**
 * Compares gradient outputs of a session with central differences of its output `loss`.
 *
 * @param pairs [input, gradient output] names
 * @param sampled entries checked per input; all when absent
 */
export async function worstDifference(
  session: Session,
  feeds: Record<string, TensorData>,
  pairs: readonly (readonly [string, string] | string[])[],
  sampled = Number.POSITIVE_INFINITY,
): Promise<number> {
  const step = 1e-5
  const analytic = await session.run(feeds)
  const lossAt = async (array: Float64Array, index: number, value: number) => {
    const kept = array[index]
    array[index] = value
    const {loss} = await session.run(feeds)
    array[index] = kept
    return Number(loss[0])
  }
  let worst = 0
  for (const [input, gradient] of pairs) {
    const array = feeds[input] as Float64Array
    const stride = Math.max(1, Math.floor(array.length / sampled))
    for (let i = 0; i < array.length; i += stride) {
      const above = await lossAt(array, i, array[i] + step)
      const below = await lossAt(array, i, array[i] - step)
      const numeric = (above - below) / (2 * step)
      worst = Math.max(worst, Math.abs(Number(analytic[gradient][i]) - numeric) / (1 + Math.abs(numeric)))
    }
  }
  return worst
}
