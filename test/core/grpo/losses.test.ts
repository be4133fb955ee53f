import {describe, expect, it} from 'vitest'
import {appendBackward} from '../../../src/core/autodiff/backward.js'
import {lossDefaults} from '../../../src/core/config/loss-defaults.js'
import {lossNames} from '../../../src/core/config/names.js'
import {losses, lossOf} from '../../../src/core/grpo/losses.js'
import {policyObjective} from '../../../src/core/grpo/objective.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {Session} from '../../../src/core/runtime/session.js'

type Settings = Parameters<typeof lossOf>[0]

/** The gradient of the sum over tokens by policy log-probability, at these ratios. */
async function gradientAt(settings: Settings, ratios: readonly number[], advantages: readonly number[]) {
  const count = ratios.length
  const op = new Ops(new Graph())
  const input = (name: string) => op.input(name, [count])
  const policyLogprobs = input('policy')
  const inputs = {
    policyLogprobs,
    policyEntropy: input('entropy'),
    oldLogprobs: input('old'),
    advantages: input('advantages'),
    completionMask: input('mask'),
    tokenWeights: input('weights'),
  }
  const loss = policyObjective(op, inputs, {...settings, klCoef: 0, entropyCoef: 0})
  op.graph.output('gradient', appendBackward(op, loss, [policyLogprobs])[0])
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const ones = ratios.map(() => 1)
  const given = {
    policy: ratios.map(Math.log),
    old: ratios.map(() => 0),
    advantages,
    mask: ones,
    weights: ones,
    entropy: ones,
  }
  const feeds = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, Float32Array.from(values)]))
  const {gradient} = await session.run(feeds)
  await session.release()
  return Array.from(gradient as Float32Array)
}

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5))

describe('the gradient of a loss by log-probability', () => {
  it.each(lossNames)('is -A on-policy, whatever the clip range: %s', async (loss) => {
    const gradient = await gradientAt({loss, clipEpsilon: 0.2}, [1, 1, 1], [1, -2, 0.5])
    expect(gradient).toEqual(close([-1, 2, -0.5]))
  })

  it('of the clipped surrogate is -ratio A within the range, and 0 where the ratio left it in the direction of A', async () => {
    const settings = {loss: 'dapo', clipEpsilon: 0.2, clipEpsilonHigh: 0.28} as const
    const [ratios, advantages] = [
      [1.1, 1.25, 1.3, 1.3, 0.7, 0.7],
      [1, 1, 1, -1, -1, 1],
    ]
    expect(await gradientAt(settings, ratios, advantages)).toEqual(close([-1.1, -1.25, 0, 1.3, 0, -0.7]))
  })

  it('of cispo is that of the capped ratio, and never 0', async () => {
    const settings = {loss: 'cispo', clipEpsilon: 0.2, clipEpsilonHigh: 1} as const
    const gradient = await gradientAt(settings, [0.1, 1.5, 2.5, 9, 9], [1, 1, 1, 1, -1])
    expect(gradient).toEqual(close([-0.1, -1.5, -2, -2, 2]))
  })
})

describe('the table of losses', () => {
  it('clips to the same distance above where none is given', () => {
    expect(lossOf({clipEpsilon: 0.2})).toEqual({kind: losses.grpo, clip: {low: 0.2, high: 0.2}})
    expect(lossOf({loss: 'gspo', clipEpsilon: 3e-4, clipEpsilonHigh: 4e-4}).clip).toEqual({low: 3e-4, high: 4e-4})
  })

  it('counts tokens as clipped that add less than their ratio', () => {
    const clip = {low: 0.2, high: 0.28}
    expect([1.3, 1.2, 0.7].map((ratio) => losses.dapo.isClipped(ratio, 1, clip))).toEqual([true, false, false])
    expect([1.3, 1.2, 0.7].map((ratio) => losses.dapo.isClipped(ratio, -1, clip))).toEqual([false, false, true])
    expect([1.3, 1.2, 0.7].map((ratio) => losses.cispo.isClipped(ratio, -1, clip))).toEqual([true, false, false])
  })

  it('has defaults for every name', () => {
    expect(Object.keys(lossDefaults)).toEqual([...lossNames])
  })
})
