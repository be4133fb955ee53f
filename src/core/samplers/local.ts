import type {Engine} from '../engine/engine.js'
import {streamSeed} from '../util/rng.js'
import type {Sampler} from './sampler.js'

/**
 * Draws completions in the engine that trains.
 *
 * A completion depends on seed, purpose, step, source and index of the item, sample number and, where an item comes again
 * within a step, on how often it came before; on no other prompt.
 */
export function localSampler(engine: Engine, {endIds}: {readonly endIds: readonly number[]}): Sampler {
  return {
    guarantees: {exactLogprobs: true},
    async sample(prompts, {groupSize, maxTokens, temperature, contextsPerBatch, streamKeys, repeats, greedy = false}) {
      const {seed, purpose, step} = streamKeys
      const {groups, uniformsNearStep} = await engine.rollout({
        prompts: prompts.map(({ids, key: {source, index}}, i) => {
          const visit = (repeats?.[i] ?? 0) > 0 ? [repeats![i]] : []
          const keys = [purpose, step, source, index]
          return {
            ids,
            streams: Array.from({length: groupSize}, (_, sample) => streamSeed(seed, ...keys, sample, ...visit)),
          }
        }),
        maxTokens,
        contextsPerBatch,
        sampling: {temperature, greedy, endIds},
      })
      return {completions: groups, uniformsNearStep}
    },
    follow: async () => {},
    close: async () => {},
  }
}
