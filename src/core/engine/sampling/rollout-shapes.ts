import {countBucket, lengthBucket} from '../graphs/bucket.js'
import type {StepShape} from '../graphs/decoding-step.js'
import type {PrefillShape} from '../graphs/prefill.js'
import {type RolloutSizes, stepShape} from '../graphs/shapes.js'
import {prefillTokens} from './rollout-steps.js'

/**
 * Shapes of the graphs that complete a full batch of prompts token by token: of its contexts, and of a step for every
 * size that the caches of the completions grow to, the smallest first.
 */
export function rolloutShapes({contexts, groupSize, promptTokens, maxTokens}: RolloutSizes): {
  prefill: PrefillShape
  steps: StepShape[]
} {
  const contextLength = lengthBucket(promptTokens - 1)
  const atOnce = Math.max(1, Math.floor(prefillTokens / contextLength))
  const contextTokens = promptTokens - 1
  const sizes = {contexts, groupSize, unfinished: groupSize, contextsPerBatch: contexts, contextTokens, maxTokens}
  const steps = [stepShape({...sizes, sampledTokens: 0})]
  while (steps.at(-1)!.capacity < maxTokens) steps.push(stepShape({...sizes, sampledTokens: steps.at(-1)!.capacity}))
  return {prefill: {contexts: countBucket(Math.min(contexts, atOnce)), contextLength}, steps}
}
