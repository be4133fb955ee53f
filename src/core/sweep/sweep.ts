import {existsSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {requireKeys} from '../config/load.js'
import {trainingNeeds} from '../config/needs.js'
import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import {loadModel} from '../engine/load-model.js'
import {checkMemory} from '../engine/memory/check-memory.js'
import {startEngine} from '../engine/start-engine.js'
import {evaluateModel} from '../evaluation/evaluation-log.js'
import {hashJson} from '../files/index.js'
import {readModelConfig} from '../models/model-config.js'
import {checkHeldOut} from '../prepared/check-positions.js'
import {openPrepared, splitRuleOf} from '../prepared/prepared.js'
import {plotScaling} from '../report/plot-scaling.js'
import {computeByStep, pointOfSweep, scalingFigures, scalingText} from '../report/scaling-figures.js'
import {type Origins, recordedOrigins} from '../runs/origins.js'
import {refuseOccupied} from '../runs/output-folder.js'
import {recordedConfig} from '../runs/recorded-config.js'
import {checkpointFolder, checkpointSteps, stepName} from '../runs/run-checkpoints.js'
import {RunDirectory} from '../runs/run-directory.js'
import {readIdentity} from '../runs/run-identity.js'
import {withRunSettings} from '../runs/run-settings.js'
import {type Summary, summarize} from '../runs/summary.js'
import {bootstrapFit, type ScalingCurve} from '../statistics/bootstrap-fit.js'
import {type FitRow, fitRow, seriesName} from '../statistics/series.js'
import {splits} from '../statistics/split.js'
import {metricsTable, openStream, readTable, type SweepRow, sweepTable} from '../tables/index.js'
import {openTraining} from '../training/open-training.js'
import {train} from '../training/train.js'
import {isRunOf} from '../training/training-inputs.js'
import {DataError, Interrupted, UsageError} from '../util/errors.js'
import {groupBy} from '../util/group-by.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {type SweepPoint, sweepPoints} from './points.js'
import {ScoreReader} from './read-scores.js'

/** What `rpt scaling-sweep` found: its `summary.json`. */
export interface SweepSummary extends Summary {
  /** One fit per curve and split. */
  readonly fits: readonly FitRow[]
  /** The fitted curve of the hardest split that has one, for the terminal. */
  readonly plot: string
}

/** A point with the folder where its run is or will be. */
interface PlacedPoint extends SweepPoint {
  readonly folder: string
  readonly isDone: boolean
}

/** A trained point: where its checkpoints are, and what each cost. */
interface TrainedPoint extends SweepPoint {
  readonly run: string
  /** FLOPs of generation and training together, by step. */
  readonly computeAt: ReadonlyMap<number, number>
}

/**
 * `rpt scaling-sweep`: trains what is missing, evaluates every checkpoint asked for, fits P(C) = A / C^alpha + P* (RPT,
 * Eq. 5).
 *
 * The ledger `sweep.arrow` holds what is done; an interrupted sweep goes on from there.
 */
export async function sweep(config: Config, services: Services): Promise<SweepSummary> {
  const started = new Date()
  const points = await openSweep(config, services)
  const run = await RunDirectory.open(config.out!, config, services)
  const engine = startEngine(config)
  try {
    const trained: TrainedPoint[] = []
    let origins: Origins = {}
    for (const point of points) {
      const done = await trainPoint(point, run, origins)
      // What the first point found a branch to be holds for the others too.
      origins = {...recordedOrigins(done.run), ...origins}
      trained.push(done)
    }
    await run.checkInputs(Object.fromEntries(trained.map((point) => [`the run of ${point.name}`, hashOf(point.run)])))
    const rows = await evaluatePoints(trained, config, run, engine)
    const fits = await fitCurves(trained, rows, config, run)
    await drawFigures(rows, fits, run)
    const summary = {...(await summarize('scaling-sweep', config, services, started, engine)), fits, plot: plotOf(rows)}
    await run.writeSummary(summary)
    return summary
  } finally {
    await engine.close()
    await run.close()
  }
}

/**
 * The points of a sweep, and that each of them could be trained: the whole of `--dry-run`, the beginning of `scaling-sweep`.
 *
 * @throws {UsageError} for axes, settings and output folders that cannot work, and for what does not fit into memory
 * @throws {DataError} for inputs that cannot be read or do not belong together
 */
export async function openSweep(config: Config, services: Services): Promise<PlacedPoint[]> {
  await refuseOccupied(config, services)
  const placed = sweepPoints(config)
  for (const point of placed) requireKeys(point.config, ['data.dir', ...trainingNeeds(point.config)])
  const points: PlacedPoint[] = []
  for (const point of placed) points.push({...point, ...(await placeOf(point, config))})
  for (const point of points) checkSteps(point, config)
  for (const point of points.filter(({isDone}) => !isDone)) {
    // A download is shown; what training says, it says when its turn comes.
    const progress = {...silentProgress, stage: services.progress.stage}
    const {data, demand} = await openTraining(point.config, {...servicesOf(point, services), progress})
    if (data) checkHeldOut(data)
    if (!services.rehearsal) checkMemory('train', demand, point.config.memory)
  }
  return points
}

/** What the training of a point works with. */
function servicesOf({config, sources, folders}: SweepPoint, services: Services): Services {
  return {...services, sources, folders, command: 'train', resume: existsSync(config.out!), overwrite: false}
}

/** Refuses steps that training would not keep a checkpoint of, before it begins. */
function checkSteps(point: PlacedPoint, config: Config): void {
  const {train, checkpoint} = point.config
  const steps = stepsOf(point, config)
  if (steps.length === 0)
    throw new UsageError('scaling-sweep: there is no checkpoint to evaluate', {
      suggestions: ['set sweep.checkpoints, or checkpoint.steps in the training config'],
    })
  if (point.isDone) return
  const lost = steps.find((step) => step > train.steps || (step < train.steps && !checkpoint.steps.includes(step)))
  if (lost !== undefined)
    throw new UsageError(`scaling-sweep: ${point.name} will have no checkpoint of step ${lost} of ${train.steps}`, {
      suggestions: ['name it in checkpoint.steps of the training config, so that it is kept'],
    })
}

/** Where a point's run is or will be: a finished one among `sweep.runs` with the same settings, or one trained here. */
async function placeOf({config}: SweepPoint, {sweep: {runs}}: Config): Promise<{folder: string; isDone: boolean}> {
  const isSame: boolean[] = []
  for (const path of [...runs, config.out!]) isSame.push(await isSameRun(path, config))
  const folder = runs.findLast((_, i) => isSame[i]) ?? config.out!
  return {folder, isDone: isSame.includes(true) && (await checkpointSteps(folder)).includes(config.train.steps)}
}

/** A run of another length is the same only where the learning rate does not depend on the length. */
async function isSameRun(path: string, config: Config): Promise<boolean> {
  if (!(await isRunOf(path, config))) return false
  if (config.optim.schedule === 'constant') return true
  return recordedConfig(path).train.steps === config.train.steps
}

/** What the results of a point's run depend on, as one hash. */
function hashOf(run: string): string {
  const {settings, inputs} = readIdentity(run)!
  return hashJson({settings, inputs})
}

async function trainPoint(point: PlacedPoint, run: RunDirectory, origins: Origins): Promise<TrainedPoint> {
  const {folder, isDone} = point
  if (isDone) run.services.progress.log(`${point.name}: uses ${folder}`)
  else await train(point.config, servicesOf(point, run.services), origins)
  return {...point, run: folder, computeAt: computeByStep(readTable(join(folder, 'metrics.arrow'), metricsTable))}
}

async function evaluatePoints(
  points: readonly TrainedPoint[],
  config: Config,
  run: RunDirectory,
  engine: Engine,
): Promise<readonly SweepRow[]> {
  const ledger = await openStream(run.at('sweep.arrow'), sweepTable)
  try {
    for (const point of points)
      for (const step of stepsOf(point, config)) {
        if (ledger.rows.some((row) => row.run === point.name && row.step === step)) continue
        if (run.services.signal.aborted)
          throw new Interrupted('scaling-sweep: stopped; what was evaluated is in the ledger', {
            suggestions: ['continue with --resume'],
          })
        checkCheckpoint(point.run, step)
        await ledger.append(...(await evaluateCheckpoint(point, step, config, run, engine)))
      }
  } finally {
    await ledger.close()
  }
  return ledger.rows
}

function stepsOf(point: SweepPoint, {sweep: {checkpoints}}: Config): readonly number[] {
  return checkpoints.length > 0 ? checkpoints : point.config.checkpoint.steps
}

function checkCheckpoint(run: string, step: number): void {
  if (existsSync(checkpointFolder(run, step))) return
  throw new DataError(`${run} has no checkpoint of step ${step}`, {
    suggestions: ['name it in checkpoint.steps of the training config, so that it is kept'],
  })
}

async function evaluateCheckpoint(
  point: TrainedPoint,
  step: number,
  config: Config,
  run: RunDirectory,
  engine: Engine,
): Promise<SweepRow[]> {
  const folder = checkpointFolder(point.run, step)
  const {progress} = run.services
  const data = await openPrepared(point.config.data.dir!)
  const model = await readModelConfig(folder)
  await loadModel(engine, {checkpoint: folder}, progress)
  const subject = {run: point.name, objective: point.config.train.objective, checkpoint: stepName(step), step}
  const given = {config: {...point.config, eval: config.eval}, sources: point.sources}
  const predictor = {config: withRunSettings(given, folder).config, data, engine, model, progress}
  await run.place(join('predictions', point.name), '')
  const rows = await evaluateModel(predictor, subject, predictionsFile(run, point.name, step))
  return rows.map((row) => ({
    run: point.name,
    point: point.json,
    step,
    compute_flops: point.computeAt.get(step)!,
    mode: row.mode,
    split: row.split,
    accuracy: row.accuracy,
    ci_low: row.ci_low,
    ci_high: row.ci_high,
    seed: row.seed,
  }))
}

function predictionsFile(run: RunDirectory, name: string, step: number): string {
  return run.at('predictions', name, `${stepName(step)}.arrow`)
}

/** Fits every curve on every split, with intervals from resampled documents. */
async function fitCurves(
  points: readonly TrainedPoint[],
  rows: readonly SweepRow[],
  config: Config,
  run: RunDirectory,
): Promise<FitRow[]> {
  const scores = new ScoreReader(splitRuleOf(await openPrepared(points[0].config.data.dir!)))
  const curves = groupBy(rows, (row) => JSON.stringify([seriesName(row.mode, row.point), row.mode, row.split]))
  return [...curves].map(([key, members]) => {
    const [series, mode, split] = JSON.parse(key) as [string, SweepRow['mode'], SweepRow['split']]
    const byRun = groupBy(members, (row) => row.run)
    const measured = [...byRun].map(
      ([name, own]): ScalingCurve => ({
        seed: own[0].seed,
        checkpoints: own.map(({step, compute_flops}) => ({
          compute: compute_flops,
          documents: scores.scoresOf(predictionsFile(run, name, step), mode, split),
        })),
      }),
    )
    const {bootstraps} = config.sweep
    return fitRow({series, mode, split}, bootstrapFit(measured, {bootstraps, seed: config.seed}))
  })
}

async function drawFigures(rows: readonly SweepRow[], fits: readonly FitRow[], run: RunDirectory): Promise<void> {
  for (const figure of scalingFigures(rows.map(pointOfSweep), fits, []))
    await writeFile(run.at(`scaling-${figure.split}.svg`), await plotScaling(figure))
}

/** Accuracy against compute on the hardest split measured, as text. */
function plotOf(rows: readonly SweepRow[]): string {
  const split = splits.findLast((name) => rows.some((row) => row.split === name))
  const points = rows.map(pointOfSweep).filter((point) => point.split === split)
  return scalingText(points, {xLabel: 'compute, FLOPs', yLabel: `accuracy on ${split}, %`}).join('\n')
}
