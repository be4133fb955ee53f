import type {Config} from '../config/schema.js'
import type {PreparedData} from '../data/prepared.js'
import type {Engine, LoadedModel} from '../engine/engine.js'
import type {OptimizerSettings} from '../engine/model-state.js'
import type {ModelConfig} from '../models/model-config.js'
import {learningRateAt} from '../optim/schedule.js'
import type {ModelShape} from '../scaling/flops.js'
import type {MetricsRow, RolloutRow} from '../store/index.js'
import {UsageError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'
import type {Companions} from './companions.js'
import type {StepInputs} from './failed-step.js'

/** What a training step works with. */
export interface TrainingContext {
  readonly config: Config
  readonly data: PreparedData
  readonly engine: Engine
  readonly model: ModelConfig
  readonly shape: ModelShape
  readonly progress: Progress
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

/** A training objective, ready to take steps. */
export interface Objective {
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
