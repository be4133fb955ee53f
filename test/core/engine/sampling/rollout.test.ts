import {describe, expect, it} from 'vitest'
import type {LocalEngine} from '../../../../src/core/engine/local-engine.js'
import type {RolloutRequest} from '../../../../src/core/engine/sampling/rollout-request.js'
import {streamSeed} from '../../../../src/core/util/rng.js'
import {referenceLogprobs} from '../../../support/reference-decoder.js'
import {promptsOf, sampling, stateOf, tinyEngine} from '../../../support/tiny-engine.js'
import {tinyModel} from '../../../support/tiny-model.js'

const lengths = [1, 2, 3, 9, 16, 17, 18, 30, 33, 34, 47, 60, 65, 90, 100, 129, 130, 150, 161, 200]
const plain = ({groups}: Awaited<ReturnType<LocalEngine['rollout']>>) =>
  groups.map((group) => group.map(({ids, oldLogprobs, stopReason}) => [[...ids], [...oldLogprobs], stopReason]))

describe('a completion is the same, bit for bit, whatever it is sampled together with', () => {
  it.each([
    ['four samples', 4, false],
    ['one greedy completion', 1, true],
    ['one sample', 1, false],
  ])('%s', async (_, groupSize, greedy) => {
    const engine = await tinyEngine()
    const request = {prompts: promptsOf(lengths, groupSize), maxTokens: 12, sampling: {...sampling, greedy}}
    const {groups} = await engine.rollout({...request, contextsPerBatch: 1})
    const alone = plain({groups, uniformsNearStep: 0})
    const logprobs = groups.flatMap((group) => group.flatMap(({oldLogprobs}) => [...oldLogprobs]))
    expect(logprobs.filter((logprob) => logprob < -0.1).length, 'draws that could have gone elsewhere').toBeGreaterThan(
      50,
    )
    for (const contextsPerBatch of [2, 3, 7, 32]) {
      const together = plain(await engine.rollout({...request, contextsPerBatch}))
      expect(together, `${contextsPerBatch} contexts`).toEqual(alone)
    }
    await engine.close()
  })

  it('in any order of the prompts', async () => {
    const engine = await tinyEngine()
    const prompts = promptsOf(lengths, 2)
    const request = {maxTokens: 8, sampling, contextsPerBatch: 4}
    const forward = plain(await engine.rollout({...request, prompts}))
    const backward = plain(await engine.rollout({...request, prompts: prompts.toReversed()}))
    expect(backward.toReversed()).toEqual(forward)
    await engine.close()
  })
})

/** A model whose eleven tokens all have a fair share of the probability. */
const small = tinyModel({hidden_size: 16})

async function reference(engine: LocalEngine, ids: readonly number[]): Promise<number[][]> {
  return referenceLogprobs(small, (await stateOf(engine)).weights, ids)
}

function softmax(logprobs: readonly number[], temperature: number): number[] {
  const weights = logprobs.map((logprob) => Math.exp(logprob / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

describe('what is sampled follows the model', () => {
  it.each([1, 0.5])('frequencies at temperature %d pass a chi-square test', async (temperature) => {
    const engine = await tinyEngine({model: small})
    const [prompt] = promptsOf([6], 1, 11)
    const draws = 5000
    const streams = Array.from({length: draws}, (_, sample) => streamSeed(3, 'frequency', sample))
    const {groups} = await engine.rollout({
      prompts: [{ids: prompt.ids, streams}],
      maxTokens: 1,
      contextsPerBatch: 1,
      sampling: {...sampling, temperature},
    })
    const counts = Array(11).fill(0)
    for (const {ids} of groups[0]) counts[ids[0]]++
    const probabilities = softmax((await reference(engine, [...prompt.ids])).at(-1)!, temperature)
    const common = [...counts.keys()].filter((id) => draws * probabilities[id] >= 5)
    const terms = common.map((id) => (counts[id] - draws * probabilities[id]) ** 2 / (draws * probabilities[id]))
    expect(common.length).toBeGreaterThan(4)
    // 99.9 percent of the distribution with ten degrees of freedom, more than any case here has.
    expect(terms.reduce((sum, term) => sum + term, 0)).toBeLessThan(29.6)
    await engine.close()
  })

  it.each([1, 0.5])(
    'log-probabilities at temperature %d are those of a decoder in plain loops',
    async (temperature) => {
      const engine = await tinyEngine({model: small})
      const prompts = promptsOf([1, 5, 17], 3, 11)
      const request = {prompts, maxTokens: 7, contextsPerBatch: 2, sampling: {...sampling, temperature}}
      const {groups} = await engine.rollout(request)
      for (const [i, group] of groups.entries())
        for (const {ids, oldLogprobs} of group) {
          const rows = (await reference(engine, [...prompts[i].ids, ...ids])).slice(prompts[i].ids.length - 1)
          ids.forEach((id, t) => {
            expect(Math.exp(oldLogprobs[t])).toBeCloseTo(softmax(rows[t], temperature)[id], 5)
          })
        }
      await engine.close()
    },
  )

  it('greedy takes the most probable token of a decoder in plain loops', async () => {
    const engine = await tinyEngine({model: small})
    const prompts = promptsOf([4, 12], 1, 11)
    const {groups} = await engine.rollout({
      prompts,
      maxTokens: 6,
      contextsPerBatch: 2,
      sampling: {...sampling, greedy: true},
    })
    for (const [i, [{ids}]] of groups.entries()) {
      const rows = (await reference(engine, [...prompts[i].ids, ...ids])).slice(prompts[i].ids.length - 1)
      expect([...ids]).toEqual([...ids].map((_, t) => rows[t].indexOf(Math.max(...rows[t]))))
    }
    await engine.close()
  })
})

describe('a completion stops', () => {
  const request = (changes: Partial<RolloutRequest['sampling']>, maxTokens: number): RolloutRequest => ({
    prompts: promptsOf([5, 20, 40], 8),
    maxTokens,
    contextsPerBatch: 3,
    sampling: {...sampling, ...changes},
  })

  it('at the length limit, which need not be a bucket', async () => {
    const engine = await tinyEngine()
    const {groups} = await engine.rollout(request({endIds: []}, 11))
    for (const {ids, oldLogprobs, stopReason} of groups.flat())
      expect([ids.length, oldLogprobs.length, stopReason]).toEqual([11, 11, 'length'])
    await engine.close()
  })

  it('at the first of its end tokens, which it keeps', async () => {
    const engine = await tinyEngine()
    const endIds = Array.from({length: 30}, (_, i) => 3 * i)
    const {groups} = await engine.rollout(request({endIds}, 40))
    const free = await engine.rollout(request({endIds: []}, 40))
    for (const [i, completion] of groups.flat().entries()) {
      const unbound = [...free.groups.flat()[i].ids]
      const end = unbound.findIndex((id) => endIds.includes(id))
      expect([...completion.ids]).toEqual(unbound.slice(0, end < 0 ? 40 : end + 1))
      expect(completion.stopReason).toBe(end < 0 ? 'length' : 'end-of-text')
    }
    await engine.close()
  })
})
