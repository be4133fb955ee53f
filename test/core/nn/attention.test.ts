import {describe, expect, it} from 'vitest'
import {causalAttention, type HeadShape} from '../../../src/core/nn/attention.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {Session} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {attendTo} from '../../support/reference-decoder.js'

const [rows, length] = [2, 5]

async function graphAttention(shape: HeadShape, data: Record<'queries' | 'keys' | 'values', Float64Array>) {
  const {heads, kvHeads, headSize} = shape
  const op = new Ops(new Graph(), 'float64')
  const input = (name: string, count: number) => op.input(name, [rows * length, count, headSize])
  const attend = causalAttention(op, shape, {rows, length})
  const inputs = {queries: input('queries', heads), keys: input('keys', kvHeads), values: input('values', kvHeads)}
  op.graph.output('y', attend(inputs))
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const {y} = await session.run(data)
  await session.release()
  return Array.from(y, Number)
}

// Head sizes whose root is a power of two: onnxruntime keeps the factor 1 / sqrt(D) in float32.
describe('causal attention equals plain loops over rows, heads and keys', () => {
  it.each([
    ['every head its own keys', {heads: 4, kvHeads: 4, headSize: 4}],
    ['heads in pairs', {heads: 4, kvHeads: 2, headSize: 4}],
    ['all heads on one', {heads: 4, kvHeads: 1, headSize: 16}],
  ])('%s', async (_, shape) => {
    const {heads, kvHeads, headSize} = shape
    const sampler = new Sampler(streamSeed(2, 'attention'))
    const draw = (count: number) =>
      Float64Array.from({length: rows * length * count * headSize}, () => 2 * sampler.normal())
    const data = {queries: draw(heads), keys: draw(kvHeads), values: draw(kvHeads)}
    const vector = (from: Float64Array, count: number, row: number, head: number) =>
      Array.from(from.subarray((row * count + head) * headSize, (row * count + head + 1) * headSize))
    const expected = Array.from({length: rows * length}, (_unused, row) =>
      Array.from({length: heads}, (_head, head) => {
        const seen = Array.from({length: (row % length) + 1}, (_key, t) => row - (row % length) + t)
        const shared = Math.floor((head * kvHeads) / heads)
        return attendTo(
          vector(data.queries, heads, row, head),
          seen.map((at) => vector(data.keys, kvHeads, at, shared)),
          seen.map((at) => vector(data.values, kvHeads, at, shared)),
        )
      }),
    ).flat(2)
    const actual = await graphAttention(shape, data)
    actual.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 12)
    })
  })
})
