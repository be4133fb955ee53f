import type {EvalMode} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {GraphWork} from '../engine/memory/engine-work.js'
import {largestLogprobShape, largestScoreShape} from '../engine/memory/score-memory.js'
import type {ModelConfig} from '../models/model-config.js'
import {promptLimit} from '../prompts/prompt-limit.js'
import type {Task} from '../tasks/task.js'
import {givenThought} from './given-thoughts.js'
import {contextsPerBatch, itemsPerCall, type Predictor} from './predict.js'

/** What is evaluated, and the tokens that its texts become. */
type Evaluated = Pick<Predictor, 'task' | 'tokenizer'>

/**
 * The largest graphs that an evaluation asks for.
 *
 * @param evaluated null where the items are not known: then the longest that the model takes
 */
export function evaluationWork(config: Config, model: ModelConfig, evaluated: Evaluated | null): GraphWork {
  const {modes} = config.eval
  return {
    ...(modes.includes('standard') && standardWork(config, model, evaluated?.task ?? null)),
    ...(modes.some((mode) => mode !== 'standard') && {rollout: largestRollout(config, model, evaluated)}),
  }
}

/** Of the modes that complete prompts: each greedily, reasoning also with samples. */
function largestRollout(config: Config, model: ModelConfig, evaluated: Evaluated | null): Rollout {
  const {modes, samples, limit} = config.eval
  const longest = evaluated ? evaluated.task.longestPrompt('val') : Number.POSITIVE_INFINITY
  const rolloutOf = (mode: EvalMode, groupSize: number): Rollout => {
    const thought = evaluated ? thoughtTokens(mode, config, evaluated) : 0
    return {
      contexts: Math.min(contextsPerBatch(config, groupSize), itemsPerCall, limit ?? itemsPerCall),
      groupSize,
      promptTokens: Math.min(promptLimit(config, model, thought), longest) + thought,
      maxTokens: config.rollout.maxTokens,
    }
  }
  const completing = modes.filter((mode) => mode !== 'standard')
  const rollouts = completing.map((mode) => rolloutOf(mode, 1))
  if (modes.includes('reasoning') && samples > 0) rollouts.push(rolloutOf('reasoning', samples))
  return rollouts.reduce((most, rollout) => larger(most, rollout)!)
}

/** Tokens of the thought that a mode puts at the end of every prompt. */
function thoughtTokens(mode: EvalMode, config: Config, {task, tokenizer}: Evaluated): number {
  return givenThought(mode, config, task.promptSettings, tokenizer).length
}

/** Of answers without a thought: by choice, else by scores. */
function standardWork({data}: Config, {maxPositions}: ModelConfig, task: Task<unknown> | null): GraphWork {
  if (task?.choices) return {logprobs: largestLogprobShape(data.batchTokens, task.choices.longest())}
  const longest = task?.standard?.longest() ?? data.batchTokens
  return {score: largestScoreShape(data, Math.min(longest, maxPositions))}
}

type Rollout = NonNullable<GraphWork['rollout']>

/** The graphs of two works that are done in turn: of sampling and of queries the larger. */
export function largerWork(one: GraphWork, other: GraphWork): GraphWork {
  const rollout = larger(one.rollout, other.rollout)
  const logprobs = largerQueries(one.logprobs, other.logprobs)
  return {...one, ...other, ...(rollout && {rollout}), ...(logprobs && {logprobs})}
}

/** Of two rollouts the one with more rows and context. */
function larger(one: Rollout | undefined, other: Rollout | undefined): Rollout | undefined {
  const size = (sizes: Rollout | undefined) =>
    sizes ? sizes.contexts * (sizes.promptTokens + sizes.groupSize * sizes.maxTokens) : 0
  return size(other) > size(one) ? other : one
}

/** The longer rows of two batches, which are of as many tokens, and as many tokens asked for as either has. */
function largerQueries(one: GraphWork['logprobs'], other: GraphWork['logprobs']): GraphWork['logprobs'] {
  if (!one || !other) return one ?? other
  const longer = other.length > one.length ? other : one
  return {...longer, asked: Math.max(one.asked, other.asked)}
}
