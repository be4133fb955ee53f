import {basename} from 'node:path'
import type {SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {loadModel} from '../engine/load-model.js'
import {checkMemory} from '../engine/memory/check-memory.js'
import {startEngine} from '../engine/start-engine.js'
import type {Subject} from '../evaluation/eval-rows.js'
import {EvaluationLog} from '../evaluation/evaluation-log.js'
import {ntpObjective, sftObjective} from '../objectives/language-model.js'
import {
  type CutDocuments,
  describeCuts,
  type Objective,
  optimizerAt,
  type StepResult,
  shapeOf,
  type TrainingContext,
} from '../objectives/objective.js'
import {rptObjective} from '../objectives/rpt.js'
import {SignalShortage} from '../objectives/sample-groups.js'
import {checkReferenceLength} from '../prepared/inexpressible.js'
import {readCompanions} from '../runs/companions.js'
import {type StepInputs, saveFailedStep} from '../runs/failed-step.js'
import type {Origins} from '../runs/origins.js'
import {pruneCheckpoints, type ResumePoint, stepName} from '../runs/run-checkpoints.js'
import {RunDirectory} from '../runs/run-directory.js'
import {inputsOf, settingsHash} from '../runs/run-identity.js'
import {type Summary, summarize} from '../runs/summary.js'
import {evaluationSettings, withRowTemplate} from '../runs/trained-prompt.js'
import type {TrainerState} from '../runs/trainer-state.js'
import {type MetricsRow, metricsTable, nullsOf, openStream, rolloutsTable, writeTable} from '../tables/index.js'
import {Interrupted, NumericError, RuntimeFailure} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {carriesSignal, noSignalLine, updatesOf} from './no-signal.js'
import {fingerprintOfSource, openTraining} from './open-training.js'

/** How each objective takes its steps. Adding an objective is adding a row. */
const objectives: Readonly<
  Record<Config['train']['objective'], (training: TrainingContext) => Objective | Promise<Objective>>
> = {
  rpt: rptObjective,
  ntp: ntpObjective,
  sft: sftObjective,
}

/** What `rpt train` did: its `summary.json`. */
export interface TrainSummary extends Summary {
  readonly objective: string
  readonly steps: number
  /** Optimizer updates of all steps; 0 where no group ever carried signal: the weights are then those of the start. */
  readonly updates: number
  /** The last row of metrics.arrow. */
  readonly metrics: MetricsRow | null
  readonly checkpoint: string
  /** What was left out of the documents trained on; null where nothing was. */
  readonly cut_documents: CutDocuments | null
  /** Commit of the starting checkpoint where the Hub has it, by setting. */
  readonly origins: Origins
}

/**
 * `rpt train`: prepared data and a checkpoint (or random weights) -> a run directory.
 *
 * @param begunWith commits that the sweep was begun with, if this run is a part of one
 * @throws {Interrupted} after a clean save when the signal is aborted
 * @throws {NumericError} when a step's loss or gradient is not finite; its inputs are then in `failed/`
 */
export async function train(config: Config, services: Services, begunWith: Origins = {}): Promise<TrainSummary> {
  const started = new Date()
  const {source, model, resumed, rows, demand, ...opened} = await openTraining(config, services, begunWith)
  const data = opened.data!
  services.progress.log(checkMemory('train', demand, config.memory))
  if (config.train.objective === 'rpt' || config.eval.every > 0) checkReferenceLength(data, config, services.progress)
  const engine = startEngine(config)
  try {
    const shape = shapeOf(model, await loadModel(engine, source.weights, services.progress))
    const companions = readCompanions(data.folder, source.checkpoint)
    const training = {config, data, engine, model, shape, progress: services.progress, companions, rows}
    // Whatever is wrong with the inputs shows before a directory is made or emptied.
    const objective = await objectives[config.train.objective](training)
    const {rowTemplates} = objective
    const loaded = {config, sources: services.sources}
    const written = rowTemplates ? withRowTemplate(loaded, rowTemplates, services.progress) : loaded
    const evaluated = config.eval.every > 0 ? evaluationSettings(written) : config
    if (config.grpo.klCoef > 0) await engine.keepReference()
    const begun = {fingerprint: fingerprintOfSource(source), origins: source.origins, written, evaluated}
    return await trainIn(training, objective, begun, resumed, services, started)
  } finally {
    await engine.close()
  }
}

/** What a run is begun with. */
interface Begun {
  readonly fingerprint: string
  readonly origins: Origins
  /** The settings to write down. */
  readonly written: SourcedConfig
  /** The settings to evaluate with. */
  readonly evaluated: Config
}

/** Trains in the run directory and writes the summary. */
async function trainIn(
  prepared: TrainingContext,
  objective: Objective,
  {fingerprint, origins, written, evaluated}: Begun,
  resumed: ResumePoint | null,
  services: Services,
  started: Date,
): Promise<TrainSummary> {
  const {config, data, engine} = prepared
  const {sources} = written
  const inputs = {...inputsOf(config, data), model: fingerprint}
  const run = await RunDirectory.open(config.out!, written.config, {...services, sources}, {origins, inputs})
  try {
    const training = {...prepared, progress: run.services.progress}
    const cuts = objective.cutDocuments ?? null
    if (cuts) training.progress.warn(describeCuts(cuts))
    const state = await resumeFrom(run, training, resumed)
    const history = await trainSteps(run, training, evaluated, objective, state)
    const warning = noSignalLine(history, config.grpo.groupSize)
    if (warning) training.progress.warn(warning)
    const summary: TrainSummary = {
      ...(await summarize('train', config, services, started, engine)),
      objective: config.train.objective,
      steps: config.train.steps,
      updates: updatesOf(history),
      metrics: history.at(-1) ?? null,
      checkpoint: run.checkpoint(Math.max(config.train.steps, state.step)),
      cut_documents: cuts,
      origins,
    }
    await run.writeSummary(summary)
    return summary
  } finally {
    await run.close()
  }
}

/** The state to go on from: that of a checkpoint, or the beginning. */
async function resumeFrom(
  run: RunDirectory,
  {config, engine}: TrainingContext,
  checkpoint: ResumePoint | null,
): Promise<TrainerState> {
  const beginning: TrainerState = {
    step: 0,
    objective: config.train.objective,
    visits: 0,
    numTokens: 0,
    wallSeconds: 0,
    configHash: settingsHash(config),
    seed: config.seed,
  }
  if (!checkpoint) {
    await run.dropTablesAfter(0)
    return beginning
  }
  await loadModel(engine, {checkpoint: checkpoint.folder}, run.services.progress)
  await engine.restoreOptimizer(checkpoint.folder)
  await run.dropTablesAfter(checkpoint.state.step)
  return checkpoint.state
}

/** Says which rows of earlier attempts are gone: fewer than steps were taken, or more than the checkpoint has. */
function warnOfRows(found: number, kept: number, steps: number, {warn}: TrainingContext['progress']): void {
  if (kept < steps) warn(`train: metrics.arrow has ${kept} of the ${steps} steps before; the others are lost`)
  if (found > kept)
    warn(`train: goes on after step ${steps}; steps that no checkpoint holds are taken again: ${found - kept}`)
}

/** @throws {RuntimeFailure} when no step is asked for, and none was taken before */
function checkNothingToDo({services}: RunDirectory, {config, progress}: TrainingContext, {step}: TrainerState): void {
  if (services.resume && step > 0) progress.log(`already complete at step ${step}`)
  else if (!config.train.allowNoop)
    throw new RuntimeFailure('train: train.steps is 0, so nothing was trained', {
      suggestions: ['give --allow-noop if that is meant'],
    })
}

/**
 * The loop: every step takes rollouts, rewards, advantages and an update, and leaves one metrics row.
 *
 * @returns the rows of all steps, those of earlier attempts included
 */
async function trainSteps(
  run: RunDirectory,
  training: TrainingContext,
  evaluated: Config,
  objective: Objective,
  from: TrainerState,
): Promise<readonly MetricsRow[]> {
  const {config, engine, progress} = training
  const {steps} = config.train
  const evaluations = await EvaluationLog.open(run, {...training, config: evaluated})
  const metrics = await openStream(run.at('metrics.arrow'), metricsTable)
  const found = metrics.rows.length
  await metrics.keepRows((row) => row.step <= from.step)
  evaluations.dropAfter(from.step)
  warnOfRows(found, metrics.rows.length, from.step, progress)
  if (from.step >= steps) {
    await metrics.close()
    checkNothingToDo(run, training, from)
    return metrics.rows
  }
  const stage = progress.stage(`train ${config.train.objective}`, steps, 'steps', from.step)
  let state = from
  let saved = from.step
  let note = ''
  let hasSignal = metrics.rows.some(carriesSignal)
  try {
    while (state.step < steps) {
      const began = performance.now()
      engine.watch((words) => stage.note(note === '' ? words : `${note}; ${words}`))
      const result = await takeStep(run, objective, state).catch(async (error) => {
        // Such a step has changed nothing: what was learned before it can be kept.
        if (error.cause instanceof SignalShortage && saved < state.step) await save(run, training, state)
        throw error
      })
      state = advance(state, result, (performance.now() - began) / 1000)
      const row = metricsRow(training, state, result, (performance.now() - began) / 1000)
      await metrics.append(row)
      hasSignal ||= carriesSignal(row)
      if (isDue(state.step, config.eval.every, steps)) await evaluations.evaluate(subjectOf(run, state))
      if (isDue(state.step, config.checkpoint.every, steps) || config.checkpoint.steps.includes(state.step)) {
        await save(run, training, state)
        saved = state.step
      }
      note = hasSignal ? result.note : `${result.note}, no signal yet in ${state.step} steps`
      stage.advance(1, note)
      if (run.services.signal.aborted) break
    }
    if (saved < state.step) await save(run, training, state)
  } finally {
    await metrics.close()
  }
  if (state.step < steps)
    throw new Interrupted(`train: step ${state.step} of ${steps} is done and saved`, {
      suggestions: [`continue with --resume`],
    })
  stage.done(`${steps} steps`)
  return metrics.rows
}

function subjectOf(run: RunDirectory, {objective, step}: TrainerState): Subject {
  return {run: basename(run.path), objective, checkpoint: stepName(step), step}
}

async function takeStep(run: RunDirectory, objective: Objective, {step, visits}: TrainerState): Promise<StepResult> {
  let inputs: StepInputs | null = null
  const keep = (kept: StepInputs) => {
    inputs = kept
  }
  try {
    const result = await objective.step(step + 1, visits, keep)
    if (result.rollouts.length > 0)
      await writeTable(await run.place('rollouts', tableName(step + 1)), rolloutsTable, result.rollouts)
    return result
  } catch (error) {
    if (!(error instanceof NumericError)) throw error
    const file = inputs && (await saveFailedStep(run, step + 1, inputs))
    throw new NumericError(`train: step ${step + 1}: ${error.message}`, {
      cause: error,
      suggestions: [...error.suggestions, ...(file ? [`the step's inputs are in ${file}`] : [])],
    })
  }
}

function tableName(step: number): string {
  return `${stepName(step)}.arrow`
}

function advance(state: TrainerState, result: StepResult, seconds: number): TrainerState {
  return {
    ...state,
    step: state.step + 1,
    visits: state.visits + result.visits,
    numTokens: state.numTokens + result.tokens,
    wallSeconds: state.wallSeconds + seconds,
  }
}

/** One row; `num_tokens` and `wall_seconds` are totals since step 1, FLOPs are this step's. */
function metricsRow({config}: TrainingContext, state: TrainerState, result: StepResult, stepTime: number): MetricsRow {
  return {
    ...nullsOf(metricsTable),
    ...result.metrics,
    step: state.step,
    wall_seconds: state.wallSeconds,
    learning_rate: optimizerAt(state.step, config).learningRate,
    'rpt/flops_generation': result.flopsGeneration,
    'rpt/flops_update': result.flopsUpdate,
    num_tokens: state.numTokens,
    step_time: stepTime,
  }
}

async function save(run: RunDirectory, training: TrainingContext, state: TrainerState): Promise<void> {
  const {config, engine, companions} = training
  const {dtype} = config.checkpoint
  await run.writeCheckpoint(state, companions, (folder) => engine.save(folder, true, {dtype}))
  await pruneCheckpoints(run.path, state.step, config.checkpoint)
}

function isDue(step: number, every: number, steps: number): boolean {
  return every > 0 && (step % every === 0 || step === steps)
}
