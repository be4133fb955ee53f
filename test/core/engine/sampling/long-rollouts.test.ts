import {describe, expect, it} from 'vitest'
import {pageTokens} from '../../../../src/core/engine/graphs/pages.js'
import {rolloutByLoop} from '../../../../src/core/engine/sampling/rollout-loop.js'
import {rolloutBySteps} from '../../../../src/core/engine/sampling/rollout-steps.js'
import {optimizer, promptsOf, sampling, tinyEngine} from '../../../support/tiny-engine.js'
import {tinyModel} from '../../../support/tiny-model.js'
import {completionsBy} from './completions-by.js'

/** A model whose values are summed in blocks of 1,024, 256 or 128 tokens, by its head size. */
const modelOf = (headSize: number) =>
  tinyModel({
    vocab_size: 97,
    hidden_size: 64,
    intermediate_size: 96,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: headSize,
  })

/** Longer than a page, and no multiple of any block. */
const maxTokens = pageTokens + 40

describe('completions longer than a page', () => {
  it.each([
    [16, 1, 'whole'],
    [64, 2, 'whole'],
    [64, 1, 'segmented'],
    [128, 1, 'segmented'],
  ] as const)(
    'have log-probabilities that the update finds again to the last bit, head size %d, %d threads, %s',
    async (headSize, threads, mode) => {
      const engine = await tinyEngine({model: modelOf(headSize), threads})
      const prompts = promptsOf([20], 2)
      const request = {prompts, maxTokens, contextsPerBatch: 1, sampling: {...sampling, endIds: []}}
      const {groups} = await engine.rollout(request)
      const update = await engine.updatePolicy(
        {
          groups: [{promptIds: prompts[0].ids, completions: groups[0], advantages: [1, -1]}],
          mode,
          temperature: 1,
          objective: {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0},
          lossNormalizer: 'token',
          contextsPerMicroBatch: 1,
          mismatchLimit: 1e-5,
          optimizer,
        },
        true,
      )
      expect(groups[0][0].ids).toHaveLength(maxTokens)
      expect(update!.mismatchMax).toBe(0)
      await engine.close()
    },
    60_000,
  )

  it('are those of the loop, bit for bit, while rows leave and others take their seats', async () => {
    const request = {
      prompts: promptsOf([5, 20, 40, 7, 33], 2),
      maxTokens,
      contextsPerBatch: 3,
      // A token that some rows draw early and some never.
      sampling: {...sampling, endIds: [36]},
    }
    const stepped = await completionsBy(rolloutBySteps, modelOf(64), request)
    expect(stepped).toEqual(await completionsBy(rolloutByLoop, modelOf(64), request))
    const lengths = stepped.flat().map(({ids}) => ids.length)
    expect(Math.min(...lengths)).toBeLessThan(100)
    expect(lengths.filter((length) => length === maxTokens).length).toBeGreaterThan(2)
  }, 60_000)
})
