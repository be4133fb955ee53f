import {describe, expect, it} from 'vitest'
import {appendBackward} from '../../../src/core/autodiff/backward.js'
import {addsToGradient, type ObjectiveSettings, policyObjective} from '../../../src/core/grpo/objective.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {Session} from '../../../src/core/runtime/session.js'

interface Tokens {
  readonly policy: readonly number[]
  readonly old: readonly number[]
  readonly advantages: readonly number[]
  readonly mask?: readonly number[]
  readonly ref?: readonly number[]
  readonly entropy?: readonly number[]
}

const plain: ObjectiveSettings = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0}

/** The loss with every unmasked token weighing 1 / N, and its gradient by policy log-probability. */
async function objectiveOf(tokens: Tokens, settings: ObjectiveSettings = plain) {
  const count = tokens.policy.length
  const op = new Ops(new Graph())
  const input = (name: string) => op.input(name, [count])
  const policyLogprobs = input('policy')
  const loss = policyObjective(
    op,
    {
      policyLogprobs,
      policyEntropy: input('entropy'),
      oldLogprobs: input('old'),
      refLogprobs: input('ref'),
      advantages: input('advantages'),
      completionMask: input('mask'),
      tokenWeights: input('weights'),
    },
    settings,
  )
  op.graph.output('loss', loss)
  op.graph.output('gradient', appendBackward(op, loss, [policyLogprobs])[0])
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const mask = tokens.mask ?? Array(count).fill(1)
  const real = mask.filter((value) => value === 1).length
  const given = {ref: tokens.policy, entropy: Array(count).fill(0), ...tokens, mask, weights: mask.map((m) => m / real)}
  const feeds = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, Float32Array.from(values)]))
  const outputs = await session.run(feeds)
  await session.release()
  return {loss: Number(outputs.loss[0]), gradient: Array.from(outputs.gradient as Float32Array)}
}

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6))

describe('the clipped objective', () => {
  it('is the plain policy gradient when the ratio is 1', async () => {
    const {loss, gradient} = await objectiveOf({
      policy: [-1, -2, -0.1, -5],
      old: [-1, -2, -0.1, -5],
      advantages: [1, -1, 0.5, 2],
    })
    expect(loss).toBeCloseTo(-2.5 / 4, 6)
    expect(gradient).toEqual(close([-0.25, 0.25, -0.125, -0.5]))
  })

  it('does not depend on the clip range on-policy', async () => {
    const tokens = {policy: [-1, -2], old: [-1, -2], advantages: [1, -1]}
    const [narrow, wide] = await Promise.all(
      [0.01, 0.9].map((clipEpsilon) => objectiveOf(tokens, {...plain, clipEpsilon})),
    )
    expect(narrow).toEqual(wide)
  })

  it('has no gradient where the ratio has left the range in the direction of the advantage', async () => {
    const {loss, gradient} = await objectiveOf({
      policy: [Math.log(1.5), Math.log(0.5)],
      old: [0, 0],
      advantages: [1, -1],
    })
    expect(gradient).toEqual([0, 0].map((zero) => expect.closeTo(zero, 9)))
    expect(loss).toBeCloseTo((-1.2 + 0.8) / 2, 6)
  })

  it('keeps the gradient where the ratio has left the range against the advantage', async () => {
    const {gradient} = await objectiveOf({policy: [Math.log(1.5), Math.log(0.5)], old: [0, 0], advantages: [-1, 1]})
    expect(gradient).toEqual(close([0.75, -0.25]))
  })

  it('adds the k3 estimate of the divergence from the reference', async () => {
    const tokens = {policy: [-1, -1], old: [-1, -1], ref: [-0.5, -1.5], advantages: [0, 0]}
    const {loss, gradient} = await objectiveOf(tokens, {...plain, klCoef: 0.3})
    const k3 = (difference: number) => Math.exp(difference) - difference - 1
    expect(loss).toBeCloseTo((0.3 * (k3(0.5) + k3(-0.5))) / 2, 6)
    expect(gradient).toEqual(close([0.5, -0.5].map((difference) => (0.3 * (1 - Math.exp(difference))) / 2)))
  })

  it('rewards entropy where asked to', async () => {
    const tokens = {policy: [-1, -1], old: [-1, -1], advantages: [0, 0], entropy: [2, 4]}
    expect((await objectiveOf(tokens, {...plain, entropyCoef: 0.1})).loss).toBeCloseTo(-0.3, 6)
  })

  it('gives masked tokens no gradient, even where their log-probabilities are far apart', async () => {
    const tokens = {
      policy: [-1, 0, -900],
      old: [-1, -900, 0],
      ref: [-1, 500, 0],
      advantages: [1, 1, 1],
      mask: [1, 0, 0],
    }
    const {loss, gradient} = await objectiveOf(tokens, {...plain, klCoef: 0.1})
    expect(loss).toBeCloseTo(-1, 6)
    expect(gradient.map(Math.abs)).toEqual([expect.closeTo(1, 6), 0, 0])
  })
})

it('a group adds to the gradient by its advantages, or by the KL and the entropy term', () => {
  const none = {klCoef: 0, entropyCoef: 0}
  expect(addsToGradient([0, 0], none)).toBe(false)
  expect(addsToGradient([0, -1], none)).toBe(true)
  expect(addsToGradient([0, 0], {...none, klCoef: 0.1})).toBe(true)
  expect(addsToGradient([0, 0], {...none, entropyCoef: 0.1})).toBe(true)
})
