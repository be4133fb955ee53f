import type {Engine} from '../engine/engine.js'
import type {Completion, Prompt} from '../records/records.js'
import {streamSeed} from '../util/rng.js'

/** How completions are sampled. */
export interface RolloutSettings {
  readonly groupSize: number
  readonly maxTokens: number
  readonly temperature: number
  readonly contextsPerBatch: number
  readonly endIds: readonly number[]
  /** What the random numbers are named after: seed, purpose, step. */
  readonly streamKeys: {readonly seed: number; readonly purpose: string; readonly step: number}
  /** Per prompt, how often its position came before in this step: a repeat draws other completions. */
  readonly repeats?: readonly number[]
  /** Take the most probable tokens; one completion per prompt is then enough. */
  readonly greedy?: boolean
}

/** The completions of all prompts. */
export interface Rollouts {
  /** Per prompt, its G completions. */
  readonly completions: readonly (readonly Completion[])[]
  readonly uniformsNearStep: number
}

/**
 * Samples G completions for each prompt.
 *
 * A completion depends on seed, purpose, step, document, position, sample number and, where a position comes again within
 * a step, on how often it came before; on no other prompt.
 */
export async function rolloutPrompts(
  engine: Engine,
  prompts: readonly Prompt[],
  settings: RolloutSettings,
): Promise<Rollouts> {
  const {groupSize, maxTokens, temperature, contextsPerBatch, endIds, repeats, greedy = false} = settings
  const {seed, purpose, step} = settings.streamKeys
  const {groups, uniformsNearStep} = await engine.rollout({
    prompts: prompts.map(({ids, context}, i) => {
      const visit = (repeats?.[i] ?? 0) > 0 ? [repeats![i]] : []
      const keys = [purpose, step, context.docId, context.position]
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
}
