import {describe, expect, it} from 'vitest'
import {lossNames} from '../../../src/core/config/names.js'
import type {PolicyRequest} from '../../../src/core/engine/update/policy-request.js'
import {losses} from '../../../src/core/grpo/losses.js'
import {NumericError} from '../../../src/core/util/errors.js'
import {filesOf, momentsAfter, requestFrom, rows, updated} from '../../support/policy-requests.js'
import {optimizer, stateOf, tinyEngine, worstShare} from '../../support/tiny-engine.js'

describe('a policy update', () => {
  it.each(['token', 'sequence'] as const)(
    'of the first tokens alone is that of shorter completions, %s',
    async (lossNormalizer) => {
      const lengthOf = (ids: Int32Array, i: number) => 1 + ((ids.length + i) % ids.length)
      const update = async (change: (group: PolicyRequest['groups'][number]) => PolicyRequest['groups'][number]) => {
        const engine = await tinyEngine()
        const request = await requestFrom({lossNormalizer})
        const done = await updated(engine, {...request, groups: request.groups.map(change)}, true)
        const {moments} = await stateOf(engine)
        await engine.close()
        return {moments, ...done}
      }
      const spanned = await update((group) => ({
        ...group,
        spans: group.completions.map(({ids}, i) => ({from: 0, to: lengthOf(ids, i)})),
      }))
      const shortened = await update((group) => ({
        ...group,
        completions: group.completions.map((completion, i) => ({
          ...completion,
          ids: completion.ids.subarray(0, lengthOf(completion.ids, i)),
        })),
      }))
      expect(spanned.trainedTokens).toBe(shortened.trainedTokens)
      expect(spanned.loss).toBeCloseTo(shortened.loss, 6)
      expect(worstShare(spanned.moments, shortened.moments)).toBeLessThan(1e-5)
    },
  )

  it.each([
    ['mean over tokens', {}, [1, 2, 3, 5, 7]],
    ['mean over completions', {lossNormalizer: 'sequence'}, [3]],
    [
      'temperature and entropy term',
      {temperature: 0.7, objective: {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0.1}},
      [3],
    ],
  ] as const)('has the same gradient however it is cut into micro-batches: %s', async (_, changes, sizes) => {
    const whole = await momentsAfter(8, changes)
    for (const size of sizes) {
      const cut = await momentsAfter(size, changes)
      expect(worstShare(whole.moments, cut.moments), `${size} contexts`).toBeLessThan(1e-5)
      expect(cut.loss).toBeCloseTo(whole.loss, 6)
    }
  })

  it.each([
    ['token', (length: number, tokens: number) => length / tokens],
    ['sequence', (_: number, __: number, completions: number) => 1 / completions],
    ['constant', (length: number, _: number, completions: number) => length / (completions * 12)],
  ] as const)('on-policy has the loss of a mean over each %s', async (lossNormalizer, share) => {
    const engine = await tinyEngine()
    const request = await requestFrom({lossNormalizer, maxTokens: 12, contextsPerMicroBatch: 3})
    const completions = request.groups.flatMap((group) =>
      group.completions.map(({ids}, i) => ({length: ids.length, advantage: group.advantages[i]})),
    )
    const tokens = completions.reduce((sum, {length}) => sum + length, 0)
    const terms = completions.map(({length, advantage}) => advantage * share(length, tokens, completions.length))
    const {loss} = await updated(engine, request, true)
    expect(loss).toBeCloseTo(-terms.reduce((sum, term) => sum + term, 0), 5)
    await engine.close()
  })

  describe.each(lossNames)('with loss %s, on-policy or not', (loss) => {
    const settings = {loss, clipEpsilon: 0.05, clipEpsilonHigh: 0.1, klCoef: 0, entropyCoef: 0}

    /** The same completions as if other weights had sampled them. */
    const offPolicy = (group: PolicyRequest['groups'][number]) => ({
      ...group,
      completions: group.completions.map((completion, i) => ({
        ...completion,
        oldLogprobs: completion.oldLogprobs.map(
          (logprob, t) => logprob + 0.15 * Math.sin(3 * i + t) + 0.2 * Math.cos(4 * i),
        ),
      })),
    })

    async function updatedWith(changes: Partial<PolicyRequest>) {
      const engine = await tinyEngine()
      const request = await requestFrom({objective: settings, lossNormalizer: 'sequence', ...changes}, [3, 18, 60])
      const update = await updated(engine, {...request, groups: request.groups.map(offPolicy)}, false)
      const {moments} = await stateOf(engine)
      await engine.close()
      return {moments, update}
    }

    it('has the same gradient however it is cut into micro-batches, and layer by layer', async () => {
      const whole = await updatedWith({})
      const canClip = losses[loss].isClipped(1e9, 1, {low: 0.1, high: 0.1})
      expect(whole.update.clipFraction! > 0).toBe(canClip)
      const others = [{contextsPerMicroBatch: 1}, {contextsPerMicroBatch: 2}, {completionsPerMicroBatch: 1}]
      for (const changes of [...others, {mode: 'segmented', contextsPerMicroBatch: 2}] as const) {
        const cut = await updatedWith(changes)
        expect(worstShare(whole.moments, cut.moments), JSON.stringify(changes)).toBeLessThan(1e-5)
        expect(cut.update.loss).toBeCloseTo(whole.update.loss, 6)
        expect(cut.update.clipFraction).toBeCloseTo(whole.update.clipFraction!, 9)
      }
    })
  })

  it('of gspo has the loss of ratios of whole completions', async () => {
    const engine = await tinyEngine()
    const objective = {loss: 'gspo', clipEpsilon: 10, klCoef: 0, entropyCoef: 0} as const
    const request = await requestFrom({objective, lossNormalizer: 'sequence'})
    const shift = (i: number, t: number) => 0.3 * Math.sin(5 * i + t)
    const shifted = request.groups.map((group) => ({
      ...group,
      completions: group.completions.map((completion, i) => ({
        ...completion,
        oldLogprobs: completion.oldLogprobs.map((logprob, t) => logprob - shift(i, t)),
      })),
    }))
    const terms = request.groups.flatMap((group) =>
      group.completions.map(({ids}, i) => {
        const shifts = Array.from(ids, (_, t) => shift(i, t))
        return group.advantages[i] * Math.exp(shifts.reduce((sum, value) => sum + value, 0) / ids.length)
      }),
    )
    const {loss} = await updated(engine, {...request, groups: shifted}, false)
    expect(loss).toBeCloseTo(-terms.reduce((sum, term) => sum + term, 0) / terms.length, 5)
    await engine.close()
  })

  it('has the gradient of rows beside it added, with their weight', async () => {
    const joint = {rows, rowsPerMicroBatch: 2, weight: 0.1}
    const gradientOf = async (changes: (request: PolicyRequest) => PolicyRequest) => {
      const engine = await tinyEngine()
      const request = await requestFrom({optimizer: {...optimizer, maxGradNorm: 1e9}}, [3, 18, 60])
      const update = await updated(engine, changes(request), true)
      const {moments} = await stateOf(engine)
      await engine.close()
      return {moments, update}
    }
    const alone = (request: PolicyRequest) => ({...request, groups: []})
    const policy = await gradientOf((request) => request)
    const both = await gradientOf((request) => ({...request, joint}))
    const inSegments = await gradientOf((request) => ({...request, joint, mode: 'segmented'}))
    const rowsAlone = await gradientOf((request) => ({...alone(request), joint}))
    const sum = new Map(
      [...policy.moments].map(([name, values]) => {
        const added = rowsAlone.moments.get(name)!
        return [name, values.map((value, i) => value + added[i])]
      }),
    )
    expect(worstShare(both.moments, sum)).toBeLessThan(1e-5)
    expect(worstShare(both.moments, inSegments.moments)).toBeLessThan(1e-5)
    expect(both.update.loss).toBeCloseTo(policy.update.loss + rowsAlone.update.loss, 6)
    expect(rowsAlone.update).toMatchObject({entropy: null, clipFraction: null, trainedTokens: 0})
    const engine = await tinyEngine()
    const plain = (await engine.updateLanguageModel({rows, rowsPerMicroBatch: 2, optimizer, mode: 'whole'}))!
    expect(rowsAlone.update.loss).toBeCloseTo(0.1 * plain.loss, 6)
    await engine.close()
  })

  it('leaves out completions of which no token is trained, from the mean too', async () => {
    const engine = await tinyEngine()
    const request = await requestFrom({lossNormalizer: 'sequence'})
    const isLeftOut = (i: number) => i % 2 === 1
    const masked = request.groups.map((group) => ({
      ...group,
      spans: group.completions.map(({ids}, i) => ({from: 0, to: isLeftOut(i) ? 0 : ids.length})),
    }))
    const kept = request.groups.flatMap(({advantages}) => advantages.filter((_, i) => !isLeftOut(i)))
    const {loss} = await updated(engine, {...request, groups: masked}, true)
    expect(loss).toBeCloseTo(-kept.reduce((sum, advantage) => sum + advantage, 0) / kept.length, 5)
    const none = request.groups.map((group) => ({...group, spans: group.completions.map(() => ({from: 0, to: 0}))}))
    expect(await engine.updatePolicy({...request, groups: none}, true)).toBeNull()
    await engine.close()
  })

  it.each([1, 0.7])(
    'finds the log-probabilities of sampling again within 1e-5, temperature %d',
    async (temperature) => {
      const engine = await tinyEngine()
      const request = await requestFrom({temperature})
      const logprobs = request.groups.flatMap(({completions}) =>
        completions.flatMap(({oldLogprobs}) => [...oldLogprobs]),
      )
      expect(Math.min(...logprobs)).toBeLessThan(-3)
      const {mismatchMax} = await updated(engine, request, true)
      expect(mismatchMax).toBeLessThan(1e-5)
      await engine.close()
    },
  )

  it('refuses log-probabilities that disagree while on-policy, and leaves the weights alone', async () => {
    const engine = await tinyEngine()
    const request = await requestFrom()
    const before = await stateOf(engine)
    const wrong = {...request, temperature: 1.01}
    await expect(engine.updatePolicy(wrong, true)).rejects.toThrow(
      /sampler and trainer disagree by .* the limit is 0.00001/,
    )
    expect(worstShare((await stateOf(engine)).weights, before.weights)).toBe(0)
    // What the refused update had summed is forgotten.
    await updated(engine, request, true)
    const fresh = await tinyEngine()
    await updated(fresh, await requestFrom(), true)
    expect(worstShare((await stateOf(engine)).weights, (await stateOf(fresh)).weights)).toBe(0)
    await Promise.all([engine.close(), fresh.close()])
  })

  it('allows them to disagree off-policy, and counts what is clipped', async () => {
    const engine = await tinyEngine()
    const request = await requestFrom()
    expect(
      (await updated(engine, {...request, optimizer: {...optimizer, learningRate: 0.05}}, true)).clipFraction,
    ).toBe(0)
    const second = await updated(engine, request, false)
    expect(second.mismatchMax).toBeGreaterThan(0.01)
    expect(second.clipFraction).toBeGreaterThan(0)
    await engine.close()
  })

  it('is not moved by groups that carry no signal', async () => {
    const withFlat = await tinyEngine()
    const without = await tinyEngine()
    const request = await requestFrom({lossNormalizer: 'token'})
    const flat = request.groups.map((group, i) =>
      i < 3 ? {...group, advantages: group.advantages.map(() => 0)} : group,
    )
    const a = await updated(withFlat, {...request, groups: flat, contextsPerMicroBatch: 2}, true)
    const b = await updated(without, {...request, groups: flat, contextsPerMicroBatch: 7}, true)
    expect(a.loss).toBeCloseTo(b.loss, 6)
    const tokens = flat.slice(3).flatMap(({completions}) => completions.map(({ids}) => ids.length))
    expect(a.trainedTokens).toBe(tokens.reduce((sum, count) => sum + count, 0))
    await Promise.all([withFlat.close(), without.close()])
  })

  it('is left out without any signal, and nothing of the optimizer moves', async () => {
    const engine = await tinyEngine()
    const request = await requestFrom()
    // Moments that AdamW would go on moving the weights by.
    await updated(engine, request, true)
    const before = filesOf(await stateOf(engine))
    const groups = request.groups.map((group) => ({...group, advantages: group.advantages.map(() => 0)}))
    expect(await engine.updatePolicy({...request, groups}, false)).toBe(null)
    expect(filesOf(await stateOf(engine))).toEqual(before)
    const objective = {...request.objective, entropyCoef: 0.1}
    expect((await updated(engine, {...request, groups, objective}, false)).gradNorm).toBeGreaterThan(0)
    expect(filesOf(await stateOf(engine))).not.toEqual(before)
    await engine.close()
  })

  it('measures no divergence from a reference that is the policy itself, and some once it has moved', async () => {
    const engine = await tinyEngine()
    await engine.keepReference()
    const request = await requestFrom({objective: {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0}})
    const first = await updated(engine, {...request, optimizer: {...optimizer, learningRate: 0.01}}, true)
    expect(first.kl).toBeCloseTo(0, 9)
    // The k3 estimator of Schulman, r - 1 - ln r with r the reference's probability over the policy's.
    const logprobsOf = async (of: 'policy' | 'reference') => {
      const queries = request.groups.flatMap(({promptIds, completions}) =>
        completions.map(({ids}) => ({of, prompt: promptIds, continuation: ids})),
      )
      const {temperature} = request
      return (await engine.logprobs(queries, {batchTokens: 1024, temperature})).flatMap((logprobs) => [...logprobs])
    }
    const [policy, reference] = [await logprobsOf('policy'), await logprobsOf('reference')]
    const logRatios = policy.map((logprob, i) => reference[i] - logprob)
    const expected = logRatios.reduce((sum, ratio) => sum + Math.expm1(ratio) - ratio, 0) / logRatios.length
    expect(expected).toBeGreaterThan(1e-4)
    expect((await updated(engine, request, false)).kl! / expected).toBeCloseTo(1, 3)
    await engine.close()
  })

  it('stops at a gradient that is not finite and leaves the weights alone', async () => {
    const engine = await tinyEngine()
    const request = await requestFrom()
    const before = await stateOf(engine)
    const groups = request.groups.map((group) => ({...group, advantages: group.advantages.map(() => Number.NaN)}))
    await expect(engine.updatePolicy({...request, groups}, true)).rejects.toThrow(NumericError)
    expect(worstShare((await stateOf(engine)).weights, before.weights)).toBe(0)
    await engine.close()
  })
})
