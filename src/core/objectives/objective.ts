import type {Config} from '../config/schema.js'
import type {Engine, LoadedModel} from '../engine/engine.js'
import type {OptimizerSettings} from '../engine/state/model-state.js'
import type {ModelShape} from '../models/flops.js'
import type {ModelConfig} from '../models/model-config.js'
import {learningRateAt} from '../optim/schedule.js'
import type {PreparedData} from '../prepared/prepared.js'
import {checkTemplate} from '../prompts/prompts.js'
import type {RowTemplate} from '../prompts/row-template.js'
import type {Prompt, TrainingRow} from '../records/records.js'
import type {Companions} from '../runs/companions.js'
import type {StepInputs} from '../runs/failed-step.js'
import type {MetricsRow, RolloutRow} from '../tables/index.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {UsageError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'

/** What a training step works with. */
export interface TrainingContext {
  readonly config: Config
  readonly data: PreparedData
  readonly engine: Engine
  readonly model: ModelConfig
  readonly shape: ModelShape
  readonly progress: Progress
  /** Rows of `sft.completions`, as `readRows` gives them. */
  readonly rows?: readonly TrainingRow[] | null
  /** What is written beside the weights of every checkpoint. */
  readonly companions: Companions
}

/** What one step did. */
export interface StepResult {
  /** The columns of the metrics row that the objective knows. */
  readonly metrics: Partial<MetricsRow>
  /** Every completion of the step; none for objectives without rollouts. */
  readonly rollouts: readonly RolloutRow[]
  /** Contexts or rows visited. */
  readonly visits: number
  readonly tokens: number
  readonly flopsGeneration: number
  readonly flopsUpdate: number
  /** A few words for the live line. */
  readonly note: string
}

/** What the longest row leaves out of the documents that are trained on. Part of `summary.json`. */
export interface CutDocuments {
  /** Documents that are cut, of how many. */
  readonly cut: number
  readonly of: number
  readonly tokens_left_out: number
  /** Of all tokens of these documents, in [0, 1]. */
  readonly share_left_out: number
  /** Tokens of the longest row. */
  readonly row_tokens: number
}

/** A training objective, ready to take steps. */
export interface Objective {
  /** Documents that do not fit into a row; null or absent where all do. */
  readonly cutDocuments?: CutDocuments | null
  /** Templates that all its prompts are in, the best first; absent where the settings say it. */
  readonly rowTemplates?: readonly RowTemplate[]
  /**
   * Takes step `step` (1 is the first), starting at visit `visits` of its data.
   *
   * @param keep is handed the inputs of the update before it runs, so that a failed step can be saved
   */
  step(step: number, visits: number, keep: (inputs: StepInputs) => void): Promise<StepResult>
}

/** Settings of the optimizer at a step. */
export function optimizerAt(step: number, {optim, train}: Config): OptimizerSettings {
  return {...optim, learningRate: learningRateAt(step, train.steps, optim)}
}

/** Sizes that FLOPs are counted from. */
export function shapeOf(model: ModelConfig, {parameterCount}: LoadedModel): ModelShape {
  return {...model, parameterCount}
}

/**
 * Longest prompt: `prompt.maxTokens`, or less where the model's positions must leave room for a completion.
 *
 * @param thoughtTokens tokens of a given thought that follows the prompt
 * @throws {UsageError} when they leave no room at all
 */
export function promptLimit({prompt, rollout}: Config, {maxPositions}: ModelConfig, thoughtTokens = 0): number {
  const room = maxPositions - rollout.maxTokens - thoughtTokens
  if (room < 2)
    throw new UsageError(
      `rollout.maxTokens is ${rollout.maxTokens}; the model has ${maxPositions} positions for prompt and completion`,
    )
  return Math.min(prompt.maxTokens, room)
}

/** One line on documents that are cut, with what decides it. */
export function describeCuts({cut, of, share_left_out, row_tokens}: CutDocuments): string {
  const share = (100 * share_left_out).toPrecision(2)
  return `train: ${cut} of ${of} documents are longer than a row of ${row_tokens} tokens and are cut at the end: ${share}% of their tokens are left out (a row has at most train.maxRowTokens, and the model's positions + 1)`
}

/**
 * Checks that prompts can be rendered, context aside, and how long they may be.
 *
 * @throws {UsageError} when the template is unknown, or there is no room for it
 */
export function checkPrompts(config: Config, model: ModelConfig, tokenizer: Tokenizer): void {
  const {prompt} = config
  checkTemplate(tokenizer, prompt, prompt.maxTokens)
  checkTemplate(tokenizer, prompt, promptLimit(config, model))
}

/** What a prompt lost from the left and the setting that decides it; see `promptLimit`. */
export function cutNote(config: Config, model: ModelConfig, {context, cutTokens}: Prompt, thoughtTokens = 0): string {
  const {maxTokens} = config.prompt
  const reason =
    promptLimit(config, model, thoughtTokens) === maxTokens
      ? `prompt.maxTokens is ${maxTokens}`
      : `of the model's ${model.maxPositions} positions rollout.maxTokens takes ${config.rollout.maxTokens}`
  const place = `${context.docId} position ${context.position}`
  return `the prompt of ${place} lost ${cutTokens} of ${context.tokenIds.length} tokens of context from the left: ${reason}`
}
