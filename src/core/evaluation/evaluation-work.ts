import type {Config} from '../config/schema.js'
import type {GraphWork} from '../engine/memory/engine-work.js'
import {largestLogprobShape, largestScoreShape} from '../engine/memory/score-memory.js'
import type {ModelConfig} from '../models/model-config.js'
import {promptLimit} from '../prompts/prompt-limit.js'
import type {Task} from '../tasks/task.js'
import {contextsPerBatch, itemsPerCall} from './predict.js'

/**
 * The largest graphs that an evaluation asks for.
 *
 * @param task null where its items are not known: then the longest that the model takes
 */
export function evaluationWork(config: Config, model: ModelConfig, task: Task<unknown> | null): GraphWork {
  const {modes, samples} = config.eval
  const isSampled = modes.some((mode) => mode !== 'standard')
  const groupSize = modes.includes('reasoning') && samples > 0 ? samples : 1
  const rolloutOf = (size: number) => ({
    contexts: Math.min(contextsPerBatch(config, size), itemsPerCall, config.eval.limit ?? itemsPerCall),
    groupSize: size,
    promptTokens: Math.min(promptLimit(config, model), task ? task.longestPrompt('val') : Number.POSITIVE_INFINITY),
    maxTokens: config.rollout.maxTokens,
  })
  return {
    ...(modes.includes('standard') && standardWork(config, model, task)),
    ...(isSampled && {rollout: larger(rolloutOf(1), rolloutOf(groupSize))}),
  }
}

/** Of answers without a thought: by choice, else by scores. */
function standardWork({data}: Config, {maxPositions}: ModelConfig, task: Task<unknown> | null): GraphWork {
  if (task?.choices) return {logprobs: largestLogprobShape(data.batchTokens, task.choices.longest())}
  const longest = task?.standard?.longest() ?? data.batchTokens
  return {score: largestScoreShape(data, Math.min(longest, maxPositions))}
}

type Rollout = NonNullable<GraphWork['rollout']>

/** Of two rollouts the one with more rows and context. */
export function larger(one: Rollout | undefined, other: Rollout | undefined): Rollout | undefined {
  const size = (sizes: Rollout | undefined) =>
    sizes ? sizes.contexts * (sizes.promptTokens + sizes.groupSize * sizes.maxTokens) : 0
  return size(other) > size(one) ? other : one
}
