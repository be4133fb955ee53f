import {describe, expect, it} from 'vitest'
import {appendBackward} from '../../../src/core/autodiff/backward.js'
import {lossNames} from '../../../src/core/config/names.js'
import {completionRatios} from '../../../src/core/engine/update/completion-ratios.js'
import type {Slot} from '../../../src/core/engine/update/micro-batches.js'
import {losses, lossOf} from '../../../src/core/grpo/losses.js'
import {policyObjective} from '../../../src/core/grpo/objective.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {Session} from '../../../src/core/runtime/session.js'
import torch from './torch-losses.json' with {type: 'json'}

type Settings = Parameters<typeof lossOf>[0]

interface Tokens {
  readonly policy: readonly number[]
  readonly old: readonly number[]
  readonly advantages: readonly number[]
  /** 1 each when absent. */
  readonly weights?: readonly number[]
  /** Of whole completions, where the loss counts those. */
  readonly ratios?: Float32Array
}

/** A loss as torch-losses.json states it. */
interface TorchCase {
  readonly low: number
  readonly high: number
  readonly normalizer: string
  /** Of a completion; where the normalizer is `constant`. */
  readonly maxTokens?: number
  readonly gradient: readonly number[]
}

/** The gradient of the weighted sum over tokens by policy log-probability. */
async function gradientOf(settings: Settings, {policy, old, advantages, weights, ratios}: Tokens) {
  const count = policy.length
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
    ...(ratios && {completionRatios: input('ratios')}),
  }
  const loss = policyObjective(op, inputs, {...settings, klCoef: 0, entropyCoef: 0})
  op.graph.output('gradient', appendBackward(op, loss, [policyLogprobs])[0])
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const ones = policy.map(() => 1)
  const given = {policy, old, advantages, mask: ones, weights: weights ?? ones, entropy: ones, ...(ratios && {ratios})}
  const feeds = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, Float32Array.from(values)]))
  const {gradient} = await session.run(feeds)
  await session.release()
  return Array.from(gradient as Float32Array)
}

const gradientAt = (settings: Settings, ratios: readonly number[], advantages: readonly number[]) =>
  gradientOf(settings, {policy: ratios.map(Math.log), old: ratios.map(() => 0), advantages})

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

describe("torch's gradient of the loss as its paper states it (torch_losses.py)", () => {
  const {lengths, advantages, old, policy} = torch
  const cases: Readonly<Record<string, TorchCase | undefined>> = torch.cases
  const completionOf = lengths.flatMap((length, completion) => Array<number>(length).fill(completion))
  const weightOf: Readonly<Record<string, (i: number, maxTokens?: number) => number>> = {
    token: () => 1 / policy.length,
    sequence: (i) => 1 / (lengths.length * lengths[completionOf[i]]),
    constant: (_, maxTokens = 1) => 1 / (lengths.length * maxTokens),
  }

  it.each(lossNames)('%s', async (loss) => {
    const oracle = cases[loss]
    if (!oracle)
      throw new Error(
        `torch-losses.json has no case ${loss}: state the loss in torch_losses.py, and run it as its head says`,
      )
    const {low, high, normalizer, maxTokens, gradient} = oracle
    const perToken = completionOf.map((completion) => advantages[completion])
    const slots = policy.map((_, i) => ({completion: completionOf[i], old: old[i]})) as Slot[]
    const ratios =
      losses[loss].ratioOf === 'completion' ? completionRatios(slots, Float32Array.from(policy)) : undefined
    const found = await gradientOf(
      {loss, clipEpsilon: low, clipEpsilonHigh: high},
      {
        policy,
        old: ratios ? policy : old,
        advantages: perToken,
        weights: policy.map((_, i) => weightOf[normalizer](i, maxTokens)),
        ratios,
      },
    )
    expect(found).toEqual(gradient.map((value) => expect.closeTo(value, 6)))
  })
})

describe('the table of losses', () => {
  it('clips to the same distance above where none is given', () => {
    expect(lossOf({clipEpsilon: 0.3})).toEqual({kind: losses.grpo, clip: {low: 0.3, high: 0.3}})
    expect(lossOf({loss: 'gspo', clipEpsilon: 3e-4, clipEpsilonHigh: 4e-4}).clip).toEqual({low: 3e-4, high: 4e-4})
  })

  it('counts tokens as clipped that add less than their ratio', () => {
    const clip = {low: 0.2, high: 0.28}
    expect([1.3, 1.2, 0.7].map((ratio) => losses.dapo.isClipped(ratio, 1, clip))).toEqual([true, false, false])
    expect([1.3, 1.2, 0.7].map((ratio) => losses.dapo.isClipped(ratio, -1, clip))).toEqual([false, false, true])
    expect([1.3, 1.2, 0.7].map((ratio) => losses.dapo.isClipped(ratio, 0, clip))).toEqual([false, false, false])
    expect([1.3, 1.2, 0.7].map((ratio) => losses.cispo.isClipped(ratio, -1, clip))).toEqual([true, false, false])
    expect(losses.cispo.isClipped(1.3, 0, clip)).toBe(false)
    expect([1.3, 0.7].map((ratio) => losses.rejection.isClipped(ratio, 1, clip))).toEqual([false, false])
  })
})
