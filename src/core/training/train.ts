import type {SourcedConfig} from '../config/load.js'
import type {TaskName, UpdateModeName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {checkMemory} from '../engine/memory/check-memory.js'
import {startEngine} from '../engine/start-engine.js'
import {describeUpdate} from '../engine/traffic/describe-update.js'
import {evaluatedTask} from '../evaluation/evaluated-task.js'
import {EvaluationLog} from '../evaluation/evaluation-log.js'
import {sayGeneration, withGeneration} from '../evaluation/generation-settings.js'
import {evaluationSettings} from '../evaluation/run-settings.js'
import {type CutDocuments, type Objective, shapeOfModel, type TrainingContext} from '../objectives/objective.js'
import {objectives} from '../objectives/objectives.js'
import {checkReferenceLength} from '../prepared/inexpressible.js'
import {type Companions, readCompanions} from '../runs/companions.js'
import {type ComputeSpent, computeSpent} from '../runs/compute-spent.js'
import {foldersOf, generationFolders} from '../runs/model-place.js'
import type {Origins} from '../runs/origins.js'
import {refuseOtherRun} from '../runs/rehearse-resume.js'
import {RunDirectory} from '../runs/run-directory.js'
import {modelInputs, type RunInputs, refuseReplacedInputs} from '../runs/run-identity.js'
import {type Summary, summarize} from '../runs/summary.js'
import {devices} from '../runtime/devices.js'
import {openSampler} from '../samplers/samplers.js'
import type {MetricsRow} from '../tables/index.js'
import {tasks} from '../tasks/tasks.js'
import type {Services} from '../util/services.js'
import {openEvaluator} from './evaluator.js'
import {writeLedger} from './ledger.js'
import {loadWeights} from './load-weights.js'
import {trainSteps} from './loop.js'
import {noSignalLine, updatesOf} from './no-signal.js'
import {isEvaluated, openTraining, type TrainingStart, withMicroBatchesAtOnce} from './open-training.js'
import {resumeFrom} from './resume.js'
import {fingerprintOfStart} from './starting-model.js'
import {filesAsFound, trainingFiles} from './training-inputs.js'
import type {TrainingRun} from './training-run.js'

/** What `rpt train` did: its `summary.json`. */
export interface TrainSummary extends Summary {
  readonly objective: string
  readonly steps: number
  /** Optimizer updates of all steps; 0 where no group ever carried signal: the weights are then those of the start. */
  readonly updates: number
  /** What all steps took, those before a resume included; null where rows of metrics.arrow are lost. */
  readonly compute: ComputeSpent | null
  /** What the evaluations while training took; null where there are none, or an older version, which did not count, made some of them. */
  readonly compute_evaluations: ComputeSpent | null
  /** The last row of metrics.arrow. */
  readonly metrics: MetricsRow | null
  /** Folder of the last one; null where no step was taken, so that there is none. */
  readonly checkpoint: string | null
  /** How updates were computed, which decides last digits. */
  readonly update_mode: UpdateModeName
  readonly micro_batches_at_once: number
  /** What runs of this attempt moved between host and device; null where they read in place. */
  readonly bus_bytes: {readonly to_device: number; readonly from_device: number} | null
  /** What was left out of the documents trained on; null where nothing was. */
  readonly cut_documents: CutDocuments | null
  /** Commit of the starting checkpoint where the Hub has it, by setting. */
  readonly origins: Origins
}

/**
 * `rpt train`: prepared data and a checkpoint (or random weights) -> a run directory.
 *
 * @param begunWith commits that the sweep was begun with; null where the run is no part of one
 * @throws {Interrupted} after a clean save when the signal is aborted
 * @throws {NumericError} when a step's loss or gradient is not finite; its inputs are then in `failed/`
 */
export async function train(
  given: Config,
  services: Services,
  begunWith: Origins | null = null,
): Promise<TrainSummary> {
  const started = new Date()
  const found = filesAsFound(given)
  const start = await openTraining(given, services, begunWith)
  const {config} = start.loaded
  const {source, model, opened, updateMode, microBatchesAtOnce} = start
  if (opened.instruction) services.progress.log(`prompts: ${opened.instruction}`)
  for (const line of opened.order ?? []) services.progress.log(`contexts: ${line}`)
  services.progress.log(checkMemory('train', start.demand, config.memory))
  services.progress.log(describeUpdate(start.demand, config.update.mode))
  if (start.data && promptedTasks(config).some((task) => tasks[task].readsDocuments))
    checkReferenceLength(start.data, config, services.progress)
  const inputs = {...trainingFiles(config, start.data), ...modelInputs('model', fingerprintOfStart(source), model)}
  refuseReplacedInputs('train', found, inputs)
  const written = withTemperature(start, services)
  if (start.resumed) refuseOtherRun(written.config, services, inputs)
  // Before the weights: a checkpoint that another run removes meanwhile then fails as a whole.
  const companions = readCompanions(start.texts!.folder, foldersOf(source.place))
  const engine = startEngine(config)
  try {
    await loadWeights(engine, start, services.progress)
    const sampler = await openSampler({config, engine, model, tokenizer: start.texts!.tokenizer})
    try {
      const training = {
        config,
        engine,
        model,
        shape: shapeOfModel(model),
        sampler,
        updateMode,
        microBatchesAtOnce,
        progress: services.progress,
      }
      // Whatever is wrong with the inputs shows before a directory is made or emptied.
      const objective = await opened.start({...training, config: withMicroBatchesAtOnce(config, microBatchesAtOnce)})
      return await trainIn(training, {...start, objective, written, inputs, companions}, services, started)
    } finally {
      await sampler.close()
    }
  } finally {
    await engine.close()
  }
}

/** The settings with the temperature that evaluations while training take; says so where there are any. */
function withTemperature({loaded, source}: TrainingStart, {progress}: Services): SourcedConfig {
  const folders = generationFolders(source.place)
  if (isEvaluated(loaded.config)) sayGeneration(loaded, folders, 'train', progress)
  return withGeneration(loaded, folders)
}

/** The tasks whose items a run prompts. */
function promptedTasks(config: Config): TaskName[] {
  const {task} = objectives[config.train.objective]
  return [...(task ? [task] : []), ...(isEvaluated(config) ? [evaluatedTask(config)] : [])]
}

/** What the engine moved, where its device copies what it is fed. */
async function movedBytes({config, engine}: TrainingContext): Promise<TrainSummary['bus_bytes']> {
  if (devices[config.device].readsInPlace) return null
  const {toDevice, fromDevice} = await engine.passedBytes()
  return {to_device: toDevice, from_device: fromDevice}
}

/** A start whose objective can take steps, and what its run directory notes down. */
interface ReadyStart extends TrainingStart {
  readonly objective: Objective
  /** The settings as they were taken. */
  readonly written: SourcedConfig
  readonly inputs: RunInputs
  readonly companions: Companions
}

/** Trains in the run directory and writes the summary. */
async function trainIn(
  context: TrainingContext,
  start: ReadyStart,
  services: Services,
  started: Date,
): Promise<TrainSummary> {
  const {config, engine} = context
  const {source, opened, texts, objective, written, inputs, companions} = start
  const evaluated = isEvaluated(config) ? evaluationSettings(written) : config
  const opening = {origins: source.origins, inputs, newest: start.resumed?.newest ?? 0}
  const run = await RunDirectory.open(config.out!, written.config, {...services, sources: written.sources}, opening)
  try {
    const training = {...context, progress: run.services.progress}
    const cuts = opened.cutDocuments ?? null
    if (cuts) training.progress.warn(describeCuts(cuts))
    const state = await resumeFrom(run, training, source, start.resumed)
    await training.sampler.follow((folder) => engine.save(folder, false), state.step)
    const trainingRun: TrainingRun = {
      run,
      training,
      objective,
      evaluations: await openEvaluations(run, training, evaluated, start),
      companions,
      tokenizer: texts!.tokenizer,
    }
    const history = await trainSteps(trainingRun, state)
    const last = Math.max(config.train.steps, state.step)
    if (opened.items) await writeLedger(run, opened.items, last, training.progress)
    const warning = noSignalLine(history, config)
    if (warning) training.progress.warn(warning)
    const summary: TrainSummary = {
      ...(await summarize('train', config, services, started, engine)),
      objective: config.train.objective,
      steps: config.train.steps,
      updates: updatesOf(history),
      compute: spentBy(history, last, training.progress),
      compute_evaluations: trainingRun.evaluations?.compute() ?? null,
      metrics: history.at(-1) ?? null,
      checkpoint: last > 0 ? run.checkpoint(last) : null,
      cut_documents: cuts,
      update_mode: training.updateMode,
      micro_batches_at_once: training.microBatchesAtOnce,
      bus_bytes: await movedBytes(training),
      origins: source.origins,
    }
    await run.writeSummary(summary)
    return summary
  } finally {
    await run.close()
  }
}

/** What the steps up to one took; null, which is said, where nobody knows it of all. */
function spentBy(history: readonly MetricsRow[], step: number, {warn}: Services['progress']): ComputeSpent | null {
  const spent = computeSpent(history, step)
  if (spent === null)
    warn(`train: compute is null in summary.json: metrics.arrow has only ${history.length} of ${step} steps`)
  return spent
}

/** The evaluations of a run while it trains; null where none fall due. */
async function openEvaluations(
  run: RunDirectory,
  {engine, model, sampler}: TrainingContext,
  config: Config,
  {texts}: TrainingStart,
): Promise<EvaluationLog | null> {
  if (!isEvaluated(config)) return null
  const evaluator = await openEvaluator({config, data: texts!, model, engine})
  return EvaluationLog.open(run, {...evaluator, sampler, signal: run.services.signal})
}

/** One line on documents that are cut, with what decides it. */
function describeCuts({cut, of, share_left_out, row_tokens}: CutDocuments): string {
  const share = (100 * share_left_out).toPrecision(2)
  return `train: ${cut} of ${of} documents are longer than a row of ${row_tokens} tokens and are cut at the end: ${share}% of their tokens are left out (a row has at most train.maxRowTokens, and the model's positions + 1)`
}
