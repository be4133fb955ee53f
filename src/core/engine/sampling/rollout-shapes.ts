import {countBucket, lengthBucket} from '../graphs/bucket.js'
import type {StepShape} from '../graphs/decoding-step.js'
import type {PrefillShape} from '../graphs/prefill.js'
import {type RolloutSizes, stepShape} from '../graphs/shapes.js'
import {contextsPerRun} from './rollout-steps.js'

/** Shapes of the graphs that complete a full batch of prompts token by token: of its contexts, and of its largest step. */
export function rolloutShapes({contexts, groupSize, promptTokens, maxTokens}: RolloutSizes): {
  prefill: PrefillShape
  step: StepShape
} {
  const contextLength = lengthBucket(promptTokens - 1)
  const step = stepShape({
    contexts,
    groupSize,
    unfinished: groupSize,
    contextsPerBatch: contexts,
    contextTokens: promptTokens - 1,
    sampledTokens: maxTokens - 1,
    fewestTokens: 0,
    maxTokens,
  })
  return {prefill: {contexts: countBucket(Math.min(contexts, contextsPerRun(contextLength))), contextLength}, step}
}
