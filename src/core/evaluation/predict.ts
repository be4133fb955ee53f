import type {EvalMode} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import type {ModelConfig} from '../models/model-config.js'
import {promptLimit} from '../prompts/prompt-limit.js'
import type {Completion, Prompt} from '../records/records.js'
import {checkSampled} from '../samplers/check-sampled.js'
import type {Sampler, SamplingRequest} from '../samplers/sampler.js'
import {countAnswerTokens} from '../tasks/answer-tokens.js'
import type {ItemPredictions, Prediction, ScoringEngine, Task} from '../tasks/task.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {chunksOf} from '../util/chunks-of.js'
import {Interrupted, UsageError} from '../util/errors.js'
import {joinIds} from '../util/join-ids.js'
import type {Stage} from '../util/progress.js'
import {givenThought} from './given-thoughts.js'
import {predictByChoice} from './predict-by-choice.js'

/** What predictions are made with. */
export interface Predictor {
  readonly config: Config
  readonly task: Task<unknown>
  readonly tokenizer: Tokenizer
  readonly engine: ScoringEngine & Pick<Engine, 'watch'>
  readonly sampler: Pick<Sampler, 'sample'>
  readonly model: ModelConfig
  /** Ends the predictions between two calls of the engine; absent where a sweep finishes them first. */
  readonly signal?: AbortSignal
}

/** Items that are answered by one call, so that progress moves and little is in memory. */
export const itemsPerCall = 256

/**
 * Predicts held-out items in one mode, in their order; no more of them are in memory than one call gives.
 *
 * @param indices of the items, ascending
 */
export function predict(
  predictor: Predictor,
  indices: Iterable<number>,
  mode: EvalMode,
  stage: Stage,
): AsyncGenerator<ItemPredictions> {
  if (mode !== 'standard') {
    const samples = mode === 'reasoning' ? predictor.config.eval.samples : 0
    const {config, task, tokenizer} = predictor
    const given = givenThought(mode, config, task.promptSettings, tokenizer)
    return predictByReasoning(predictor, indices, stage, given, samples)
  }
  const {task, engine, signal, config} = predictor
  const answering = {
    engine,
    checkNotStopped: () => checkNotStopped(signal),
    advance: (items: number) => stage.advance(items),
  }
  checkMode(task, mode)
  return task.choices
    ? predictByChoice(task, task.choices, indices, answering, config.data)
    : task.standard!.predict(indices, answering)
}

/** @throws {UsageError} when a task's items cannot be answered in a mode */
export function checkMode({name, standard, choices}: Task<unknown>, mode: EvalMode): void {
  if (mode !== 'standard' || standard || choices) return
  throw new UsageError(`eval.modes contains standard, but items of task ${name} have no answer without a completion`, {
    suggestions: ['set eval.modes to reasoning (rpt eval: --mode reasoning)'],
  })
}

/**
 * One greedy completion per item, then so many sampled ones.
 *
 * @param given a thought that is already thought; empty where the model thinks
 */
async function* predictByReasoning(
  predictor: Predictor,
  indices: Iterable<number>,
  stage: Stage,
  given: Int32Array,
  samples: number,
): AsyncGenerator<ItemPredictions> {
  const {task, config} = predictor
  const best = {groupSize: 1, greedy: true, temperature: config.rollout.temperature}
  const drawn = {groupSize: samples, greedy: false, temperature: config.eval.temperature}
  for (const chunk of chunksOf(indices, itemsPerCall)) {
    const items = chunk.map((index) => task.itemAt('val', index))
    const prompts = items.map((item) => promptOf(predictor, item, given))
    const greedy = await complete(predictor, prompts, best)
    const sampled = samples > 0 ? await complete(predictor, prompts, drawn) : null
    for (const [i, item] of items.entries())
      yield {
        key: prompts[i].key,
        facts: task.factsOf(item),
        predictions: [...greedy[i], ...(sampled?.[i] ?? [])].map((completion) =>
          predictionOf(predictor, item, completion, given, prompts[i]),
        ),
      }
    stage.advance(chunk.length)
  }
}

async function complete(
  {config, sampler, signal}: Predictor,
  prompts: readonly Prompt[],
  draw: Pick<SamplingRequest, 'groupSize' | 'greedy' | 'temperature'>,
): Promise<readonly (readonly Completion[])[]> {
  checkNotStopped(signal)
  const {completions} = await sampler.sample(prompts, {
    ...config.rollout,
    contextsPerBatch: contextsPerBatch(config, draw.groupSize),
    ...draw,
    streamKeys: {seed: config.seed, purpose: 'eval', step: 0},
  })
  for (const [index, group] of completions.entries())
    for (const {oldLogprobs} of group) checkSampled(prompts[index], oldLogprobs, config.precision)
  return completions
}

/** Contexts completed at once: few samples of each let more of them in, so that products stay as large as in training. */
export function contextsPerBatch({rollout, grpo}: Config, samples: number): number {
  return Math.max(1, Math.floor((rollout.contextsPerBatch * grpo.groupSize) / samples))
}

function checkNotStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Interrupted('evaluation stopped')
}

/** The prompt of an item; a given thought is already thought at its end. */
function promptOf({config, task, model}: Predictor, item: unknown, given: Int32Array): Prompt {
  const prompt = task.promptOf(item, promptLimit(config, model, given.length))
  return {...prompt, ids: joinIds(prompt.ids, given)}
}

function predictionOf(
  {task, tokenizer}: Predictor,
  item: unknown,
  completion: Completion,
  given: Int32Array,
  {ids, cutTokens}: Prompt,
): Prediction {
  const whole = {...completion, ids: joinIds(given, completion.ids)}
  const {answer, correct, outcome} = task.grade(item, whole)
  const lengths = {promptTokens: ids.length, completionTokens: [completion.ids.length]}
  const answerTokens = answer && countAnswerTokens(tokenizer, whole.ids)
  return {answer, correct, outcome, text: tokenizer.decode(whole.ids), answerTokens, cutTokens, lengths}
}
