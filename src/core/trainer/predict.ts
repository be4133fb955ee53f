import type {Config} from '../config/schema.js'
import {contextAt} from '../data/contexts.js'
import type {PreparedData} from '../data/prepared.js'
import {opensThought, renderPrompt} from '../data/prompts.js'
import type {Engine} from '../engine/engine.js'
import type {ModelConfig} from '../models/model-config.js'
import type {Completion, Context, Prompt, Reward, Target} from '../records/records.js'
import {prefixReward} from '../rewards/prefix-match.js'
import {rewardFor} from '../rewards/reward.js'
import {rolloutPrompts} from '../rollout/rollout.js'
import type {PredictionRow} from '../store/index.js'
import {DataError, Interrupted} from '../util/errors.js'
import {groupBy} from '../util/group-by.js'
import {joinIds} from '../util/join-ids.js'
import type {Stage} from '../util/progress.js'
import {promptLimit} from './objective.js'

/** How a prediction is made: see `eval.modes`. */
export type EvalMode = Config['eval']['modes'][number]

/** What predictions are made with. */
export interface Predictor {
  readonly config: Config
  readonly data: PreparedData
  readonly engine: Engine
  readonly model: ModelConfig
  /** Ends the predictions between two calls of the engine; absent where training or a sweep finishes them first. */
  readonly signal?: AbortSignal
}

/** Positions whose completions are sampled by one call, so that progress moves. */
export const positionsPerCall = 256

/** How each mode predicts. Every mode is graded by the same rule, the prefix-matching reward. */
const modes: Readonly<
  Record<EvalMode, (predictor: Predictor, positions: readonly Target[], stage: Stage) => Promise<PredictionRow[]>>
> = {
  standard: predictStandard,
  reasoning: (predictor, positions, stage) => predictByReasoning(predictor, positions, stage, 'reasoning', null),
  'forced-thought': (predictor, positions, stage) =>
    predictByReasoning(predictor, positions, stage, 'forced-thought', predictor.config.eval.forcedThought),
  'empty-thought': (predictor, positions, stage) =>
    predictByReasoning(predictor, positions, stage, 'empty-thought', ''),
}

/** Predicts every position in one mode: one row per position and, where asked for, one more per sample. */
export function predict(predictor: Predictor, positions: readonly Target[], mode: EvalMode, stage: Stage) {
  return modes[mode](predictor, positions, stage)
}

/** The most probable next token of the plain context, no thought. */
async function predictStandard(
  {config, data, engine, model, signal}: Predictor,
  positions: readonly Target[],
  stage: Stage,
): Promise<PredictionRow[]> {
  checkNotStopped(signal)
  const byDocument = groupBy(positions, ({docId}) => docId)
  const documents = [...byDocument.keys()].map((docId) => data.documents.get(docId))
  const tooLong = documents.find(({tokenIds}) => tokenIds.length > model.maxPositions)
  if (tooLong)
    throw new DataError(`${tooLong.docId} has ${tooLong.tokenIds.length} tokens; the model takes ${model.maxPositions}`)
  const scores = await engine.score(
    documents.map(({tokenIds}) => tokenIds),
    config.data,
  )
  const top1 = new Map(documents.map(({docId}, i) => [docId, scores[i].top1]))
  return positions.map((position) => {
    const prediction = data.tokenizer.bytesOf(top1.get(position.docId)![position.position - 1])
    const {truth, boundaries} = contextOf(config, data, position)
    stage.advance(1)
    return {
      ...identity(position, 'standard'),
      sample: 0,
      prediction,
      truth,
      correct: prefixReward(prediction, truth, boundaries) === 1,
      outcome: null,
      completion_text: null,
    }
  })
}

/** One greedy completion per position, then `eval.samples` sampled ones in mode reasoning. */
async function predictByReasoning(
  predictor: Predictor,
  positions: readonly Target[],
  stage: Stage,
  mode: EvalMode,
  thought: string | null,
): Promise<PredictionRow[]> {
  const {config} = predictor
  const rows: PredictionRow[] = []
  for (let start = 0; start < positions.length; start += positionsPerCall) {
    const chunk = positions.slice(start, start + positionsPerCall)
    const prompts = chunk.map((position) => promptOf(predictor, position, thought))
    const greedy = await complete(predictor, prompts, 1, true)
    const samples =
      mode === 'reasoning' && config.eval.samples > 0
        ? await complete(predictor, prompts, config.eval.samples, false)
        : null
    chunk.forEach((position, i) => {
      const completions = [...greedy[i], ...(samples?.[i] ?? [])]
      for (const [sample, completion] of completions.entries())
        rows.push(gradedRow(predictor, position, mode, prompts[i], completion, sample, thought))
    })
    stage.advance(chunk.length)
  }
  return rows
}

async function complete(
  {config, engine, model, signal}: Predictor,
  prompts: readonly Prompt[],
  samples: number,
  greedy: boolean,
) {
  checkNotStopped(signal)
  const {completions} = await rolloutPrompts(engine, prompts, {
    ...config.rollout,
    contextsPerBatch: contextsPerBatch(config, samples),
    groupSize: samples,
    endIds: model.endIds,
    greedy,
    temperature: greedy ? config.rollout.temperature : config.eval.temperature,
    streamKeys: {seed: config.seed, purpose: 'eval', step: 0},
  })
  return completions
}

/** Contexts completed at once: few samples of each let more of them in, so that products stay as large as in training. */
export function contextsPerBatch({rollout, grpo}: Config, samples: number): number {
  return Math.max(1, Math.floor((rollout.contextsPerBatch * grpo.groupSize) / samples))
}

function checkNotStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new Interrupted('evaluation stopped; checkpoints evaluated before are saved', {
      suggestions: ['continue with --resume'],
    })
}

/** The prompt of a position; a given thought is already thought at its end. */
function promptOf({config, data, model}: Predictor, position: Target, thought: string | null): Prompt {
  const context = contextOf(config, data, position)
  const given = thought === null ? [] : thoughtIds(config, data, thought)
  const limit = promptLimit(config, model, given.length)
  const prompt = renderPrompt(data.tokenizer, config.prompt, context, limit)
  return {...prompt, ids: joinIds(prompt.ids, given)}
}

/** A whole thought; its beginning is marked unless the prompt has done so. */
function thoughtIds({prompt}: Config, {tokenizer}: PreparedData, thought: string): Int32Array {
  const opening = opensThought(tokenizer, prompt) ? '' : '<think>'
  return tokenizer.encodeMarkup(`${opening}${thought}</think>`)
}

function gradedRow(
  {config, data}: Predictor,
  position: Target,
  mode: EvalMode,
  {context}: Prompt,
  completion: Completion,
  sample: number,
  thought: string | null,
): PredictionRow {
  const given = thought === null ? [] : thoughtIds(config, data, thought)
  const whole = {...completion, ids: joinIds(given, completion.ids)}
  const reward: Reward = rewardFor('prefix-match', data.tokenizer, context, whole)
  return {
    ...identity(position, mode),
    sample,
    prediction: reward.prediction,
    truth: context.truth,
    correct: reward.total === 1,
    outcome: reward.outcome,
    completion_text: data.tokenizer.decode(whole.ids),
  }
}

function contextOf(config: Config, data: PreparedData, {docId, position, difficulty}: Target): Context {
  return contextAt(data.documents.get(docId), position, difficulty, data.tokenizer, config.reward.maxReferenceTokens)
}

function identity({docId, position, difficulty}: Target, mode: EvalMode) {
  return {doc_id: docId, position, mode, split: difficulty}
}
