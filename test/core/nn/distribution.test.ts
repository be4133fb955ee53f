import {describe, expect, it} from 'vitest'
import {chooseTokens, entropyOf, logProbabilities, topKEntropy} from '../../../src/core/nn/distribution.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import type {Value} from '../../../src/core/onnx/types.js'
import {Session, type TensorData} from '../../../src/core/runtime/session.js'

const never = -1e9

async function compute(
  logits: readonly (readonly number[])[],
  build: (op: Ops, logits: Value) => Record<string, Value>,
  feeds: Record<string, TensorData> = {},
): Promise<Record<string, number[]>> {
  const op = new Ops(new Graph())
  const outputs = build(op, op.input('logits', [logits.length, logits[0].length]))
  for (const [name, value] of Object.entries(outputs)) op.graph.output(name, value)
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const results = await session.run({logits: Float32Array.from(logits.flat()), ...feeds})
  await session.release()
  return Object.fromEntries(Object.entries(results).map(([name, data]) => [name, Array.from(data, Number)]))
}

/** One draw per uniform from one distribution. */
const draw = (logits: readonly number[], uniforms: readonly number[]) =>
  compute(
    uniforms.map(() => logits),
    (op, x) => ({...chooseTokens(op, x, op.input('u', [uniforms.length]), {temperature: 1, greedy: false})}),
    {u: Float32Array.from(uniforms)},
  )

const largest = 1 - 2 ** -24

describe('drawing a token', () => {
  it('takes the first whose cumulative probability exceeds the uniform', async () => {
    const {ids} = await draw([0.5, 0.25, 0.25].map(Math.log), [0, 0.49, 0.51, 0.74, 0.76, largest])
    expect(ids).toEqual([0, 0, 1, 1, 2, 2])
  })

  it('never takes one of probability zero, at either end of the uniform and on every step', async () => {
    const logits = [never, 0, never, never, 0, 0, never, 0, never]
    const {ids} = await draw(logits, [0, 0.25, 0.5, 0.75, largest, ...Array.from({length: 200}, (_, i) => i / 200)])
    expect(new Set(ids)).toEqual(new Set([1, 4, 5, 7]))
    expect(ids.slice(0, 5)).toEqual([1, 4, 5, 7, 7])
  })

  it('takes the only possible token whatever the uniform', async () => {
    for (const only of [0, 2, 4]) {
      const logits = Array.from({length: 5}, (_, id) => (id === only ? 3 : never))
      expect((await draw(logits, [0, 0.5, largest])).ids).toEqual([only, only, only])
    }
  })

  it('stays within a large vocabulary at the largest uniform', async () => {
    const logits = Array.from({length: 50_000}, (_, id) => Math.sin(id))
    expect((await draw(logits, [largest])).ids[0]).toBeGreaterThan(49_990)
  })

  it('says how far the uniform lay from a step', async () => {
    const {margins} = await draw([0.5, 0.5].map(Math.log), [0.1, 0.4999, 0.75])
    expect(margins).toEqual([0.1, 0.0001, 0.25].map((margin) => expect.closeTo(margin, 6)))
  })
})

describe('entropy', () => {
  it('is log V of a uniform distribution and 0 of a certain one', async () => {
    const {entropy} = await compute(
      [
        [2, 2, 2, 2],
        [0, never, never, never],
      ],
      (op, x) => ({entropy: entropyOf(op, logProbabilities(op, x, 1))}),
    )
    expect(entropy).toEqual([expect.closeTo(Math.log(4), 6), expect.closeTo(0, 6)])
  })

  it('over the top k renormalises the k most probable tokens', async () => {
    const logits = [0.1, 0.4, 0.1, 0.4].map(Math.log)
    const {entropy} = await compute([logits], (op, x) => ({entropy: topKEntropy(op, op.topK(x, 2).values)}))
    expect(entropy[0]).toBeCloseTo(Math.log(2), 6)
  })
})

it('a temperature divides the logits', async () => {
  const {hot, cold} = await compute([[0, 1]], (op, x) => ({
    hot: logProbabilities(op, x, 2),
    cold: logProbabilities(op, x, 0.5),
  }))
  expect(hot[1] - hot[0]).toBeCloseTo(0.5, 6)
  expect(cold[1] - cold[0]).toBeCloseTo(2, 6)
})
