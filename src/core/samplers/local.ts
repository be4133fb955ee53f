import type {Engine} from '../engine/engine.js'
import {type StopRule, stopRule} from '../engine/sampling/stop-rule.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {streamSeed} from '../util/rng.js'
import type {Sampler} from './sampler.js'

/**
 * Draws completions in the engine that trains.
 *
 * A completion depends on seed, purpose, step, source and index of the item, sample number and, where an item comes again
 * within a step, on how often it came before; on no other prompt.
 */
export function localSampler(
  engine: Engine,
  {endIds}: {readonly endIds: readonly number[]},
  tokenizer: Pick<Tokenizer, 'vocabSize' | 'bytesOf'>,
): Sampler {
  const ruleOf = onceFor((texts) => stopRule(texts, tokenizer))
  return {
    guarantees: {exactLogprobs: true},
    async sample(prompts, request) {
      const {groupSize, maxTokens, temperature, contextsPerBatch, repeats, greedy = false} = request
      const {seed, purpose, step} = request.streamKeys
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
        stop: ruleOf(request.stop),
      })
      return {completions: groups, uniformsNearStep}
    },
    follow: async () => {},
    close: async () => {},
  }
}

/** Remembers the last rule: token bytes of a whole vocabulary are gathered once, not at every step. */
function onceFor(make: (texts: readonly string[]) => StopRule | null) {
  let last: {readonly texts: readonly string[]; readonly rule: StopRule | null} | undefined
  return (texts: readonly string[]) => {
    if (last?.texts !== texts) last = {texts, rule: make(texts)}
    return last.rule
  }
}
