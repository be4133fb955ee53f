import type {KeyNeed} from '../config/load.js'
import type {TaskName, UpdateModeName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {Engine, LoadedModel} from '../engine/engine.js'
import type {EngineWork} from '../engine/memory/engine-work.js'
import type {OptimizerSettings} from '../engine/state/model-state.js'
import {trainedCount} from '../models/adapters.js'
import type {ModelShape} from '../models/flops.js'
import type {ModelConfig} from '../models/model-config.js'
import {parameterCount} from '../models/parameters.js'
import {learningRateAt} from '../optim/schedule.js'
import type {PreparedData} from '../prepared/prepared.js'
import type {RowTemplate} from '../prompts/row-template.js'
import type {Measures} from '../records/measures.js'
import type {ItemTraits, ScoredGroup, TrainingRow} from '../records/records.js'
import type {TrainerState} from '../runs/trainer-state.js'
import type {Sampler} from '../samplers/sampler.js'
import {NumericError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'

/** What an objective is opened with: what can be read before an engine starts. */
export interface ObjectiveOpening {
  readonly config: Config
  readonly model: ModelConfig
  /** The model's tokenizer, and documents where they were asked for; null in a rehearsal where it is not known yet. */
  readonly texts: PreparedData | null
  /** Prepared data; null where none are asked for, or in a rehearsal not there yet. */
  readonly data: PreparedData | null
  /** Whether the starting checkpoint was taught how its thoughts end. */
  readonly isTaught: boolean
  /** Told what of the inputs is not used. */
  readonly warn: (line: string) => void
}

/** A step found nothing to learn from, and may not do without; it has changed nothing. */
export class SignalShortage extends NumericError {}

/** What a training step works with. */
export interface TrainingContext {
  readonly config: Config
  readonly engine: Engine
  readonly model: ModelConfig
  readonly shape: ModelShape
  /** Has the weights of the engine. */
  readonly sampler: Sampler
  /** How updates are computed, throughout the run. */
  readonly updateMode: UpdateModeName
  /** How many micro-batches of the settings are computed together, throughout the run. */
  readonly microBatchesAtOnce: number
  readonly progress: Progress
}

/** What a step's update is computed from. */
export type StepInputs =
  | {readonly kind: 'groups'; readonly groups: readonly ScoredGroup<unknown>[]}
  | {readonly kind: 'rows'; readonly rows: readonly TrainingRow[]}

/** What one step did. */
export interface StepResult {
  readonly measures: Measures
  /** Every completion of the step, in the order in which they were sampled; none for objectives without rollouts. */
  readonly groups: readonly ScoredGroup<unknown>[]
  /** Items or rows visited. */
  readonly visits: number
  /** Of which stage of a curriculum; absent where there is none. */
  readonly stage?: string
  readonly tokens: number
  readonly flopsGeneration: number
  /** Of forward passes besides those of sampling and of the update itself. */
  readonly flopsScoring: number
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

/** How far a run has come through its data. */
export type Cursor = Pick<TrainerState, 'visits' | 'stageVisits'>

/** A training objective, ready to take steps. */
export interface Objective {
  /**
   * Takes step `step` (1 is the first), starting where the steps before it left off in its data.
   *
   * @param keep is handed the inputs of the update before it runs, so that a failed step can be saved
   */
  step(step: number, cursor: Cursor, keep: (inputs: StepInputs) => void): Promise<StepResult>
}

/** An objective whose inputs are read and checked. */
export interface OpenObjective {
  /** Documents that do not fit into a row; null or absent where all do. */
  readonly cutDocuments?: CutDocuments | null
  /** Templates that all its prompts are in, the best first; null where its rows are not there yet, absent where the settings say it. */
  readonly rowTemplates?: readonly RowTemplate[] | null
  /** Which instruction its prompts are in, and how long it is; absent where it prompts nothing, or that is not known yet. */
  readonly instruction?: string
  /** What decides which contexts a step draws, where it is more than a seeded order. */
  readonly order?: readonly string[]
  /** What its steps may draw, and of which task; absent where it has no rollouts, or that is not known yet. */
  readonly items?: {readonly task: string; readonly all: () => Iterable<ItemTraits>}
  /** The largest graphs that it will ask for, under settings that may differ in what they need of memory alone. */
  readonly work: (config: Config) => EngineWork
  readonly start: (training: TrainingContext) => Promise<Objective>
}

/** What an objective teaches a model: to predict at once, what rows of examples show, or to think before it answers. */
export type Taught = 'tokens' | 'rows' | 'thoughts'

/** A kind of objective: a row of `objectives`. */
export interface ObjectiveKind {
  readonly teaches: Taught
  /** What its loss is, in words, given `grpo.loss`: losses of different names have no common scale. */
  readonly lossName: (policyLoss: string) => string
  /** The task whose items it prompts, and that it is evaluated on; null where it learns from rows. */
  readonly task: TaskName | null
  /** Keys that it cannot do without. */
  readonly needs: (config: Config) => readonly KeyNeed[]
  /** Files that it reads besides prepared data and the model, by the key that names them. */
  readonly files: (config: Config) => Readonly<Record<string, string | undefined>>
  /** What a step holds, in words. */
  readonly batch: (config: Config) => string
  /** Files that its steps leave in the run, besides those of every run. */
  readonly leaves: readonly string[]
  /**
   * The settings of a run with the prompts of a task that it was trained on; `none` where it was trained on none of that task,
   * `unknown` where its rows do not tell.
   */
  readonly trainedPrompt: (run: Config, task: TaskName) => Config | 'none' | 'unknown'
  /**
   * Reads and checks what it learns from.
   *
   * @throws {UsageError} for settings that no step could use
   * @throws {DataError} for inputs that cannot be read, or hold nothing to learn from
   */
  readonly open: (opening: ObjectiveOpening) => Promise<OpenObjective>
}

/** Settings of the optimizer at a step. */
export function optimizerAt(step: number, {optim, train}: Config): OptimizerSettings {
  return {...optim, learningRate: learningRateAt(step, train.steps, optim)}
}

/** Sizes that FLOPs are counted from; of a model with adapters, those are what is trained. */
export function shapeOfModel(model: ModelConfig): ModelShape {
  const adapterCount = model.adapter ? trainedCount(model) : 0
  return shapeOf(model, {parameterCount: parameterCount(model), adapterCount})
}

/** The same of a model that was loaded. */
export function shapeOf(
  model: ModelConfig,
  {parameterCount, adapterCount}: Pick<LoadedModel, 'parameterCount'> & Partial<LoadedModel>,
): ModelShape {
  return {...model, parameterCount, adapterCount}
}
