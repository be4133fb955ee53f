import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {SourcedConfig} from '../config/load.js'
import type {Engine} from '../engine/engine.js'
import {loadModel} from '../engine/load-model.js'
import {modeColumnsOf} from '../evaluation/evaluation-compute.js'
import {evaluateModel} from '../evaluation/evaluation-log.js'
import type {Predictor} from '../evaluation/predict.js'
import type {ComputeSpent} from '../runs/compute-spent.js'
import {type ModelPlace, sourceOf} from '../runs/model-place.js'
import {faultOfModel} from '../runs/own-checkpoint.js'
import {resolveModel} from '../runs/resolve-model.js'
import {checkpointFolder, stepName} from '../runs/run-checkpoints.js'
import type {RunDirectory} from '../runs/run-directory.js'
import {withSampler} from '../samplers/samplers.js'
import {countRows, openStream, predictionsTable, type SweepRow, sweepTable, type TableStream} from '../tables/index.js'
import {openEvaluator} from '../training/evaluator.js'
import {DataError, Interrupted} from '../util/errors.js'
import {openPoint} from './evaluated-point.js'
import {stepsOf} from './open-sweep.js'
import type {SweepPoint} from './points.js'

/** A trained point: where its checkpoints are, and what each cost. */
export interface TrainedPoint extends SweepPoint {
  readonly run: string
  /** FLOPs up to each step. */
  readonly computeAt: ReadonlyMap<number, number>
  /** What all its steps took. */
  readonly spent: ComputeSpent
}

/** Evaluates every checkpoint that the ledger `sweep.arrow` does not hold yet; returns all its rows. */
export async function evaluatePoints(
  points: readonly TrainedPoint[],
  loaded: SourcedConfig,
  run: RunDirectory,
  engine: Engine,
): Promise<readonly SweepRow[]> {
  const ledger = await run.reopen('sweep.arrow', (file) => openStream(file, sweepTable))
  try {
    await dropUnread(ledger, run)
    const isOpen = (point: TrainedPoint, step: number) =>
      !ledger.rows.some((row) => row.run === point.name && row.step === step)
    const open = points.flatMap((point) =>
      stepsOf(point, loaded.config)
        .filter((step) => isOpen(point, step))
        .map((step) => ({point, step})),
    )
    for (const {point, step} of open) checkCheckpoint(point.run, step)
    for (const {point, step} of open) {
      if (run.services.signal.aborted)
        throw new Interrupted('scaling-sweep: stopped; what was evaluated is in the ledger', {
          suggestions: ['continue with --resume'],
        })
      await ledger.append(...(await evaluateCheckpoint(point, step, loaded, run, engine)))
    }
  } finally {
    await ledger.close()
  }
  return ledger.rows
}

/** Drops rows whose predictions cannot be read: fits are made of these, so they are made again. */
async function dropUnread(ledger: TableStream<typeof sweepTable>, run: RunDirectory): Promise<void> {
  const fileOf = (row: SweepRow) => predictionsFile(run, row.run, row.step)
  const lost = new Set<string>()
  for (const file of new Set(ledger.rows.map(fileOf))) {
    const fault = faultOf(file)
    if (fault === null) continue
    lost.add(file)
    run.services.progress.warn(`scaling-sweep: evaluates again, because predictions cannot be read: ${fault}`)
  }
  await ledger.keepRows((row) => !lost.has(fileOf(row)))
}

function faultOf(file: string): string | null {
  try {
    countRows(file, predictionsTable)
    return null
  } catch (error) {
    if (error instanceof DataError) return error.message
    throw error
  }
}

function checkCheckpoint(run: string, step: number): void {
  const folder = checkpointFolder(run, step)
  const fault = existsSync(folder) ? faultOfModel(folder) : null
  if (fault !== null)
    throw new DataError(`scaling-sweep: the checkpoint ${folder} is damaged: ${fault}`, {
      suggestions: ['copy it again', `move ${run} away: --resume then trains it again`],
    })
  if (existsSync(folder)) return
  throw new DataError(`${run} has no checkpoint of step ${step}`, {
    suggestions: ['add it to checkpoint.steps of the training config, so that it is kept'],
  })
}

async function evaluateCheckpoint(
  point: TrainedPoint,
  step: number,
  loaded: SourcedConfig,
  run: RunDirectory,
  engine: Engine,
): Promise<SweepRow[]> {
  const {progress} = run.services
  const place = await resolveModel(point.run, step)
  await loadModel(engine, sourceOf(place), progress)
  const subject = {run: point.name, objective: point.config.train.objective, checkpoint: stepName(step), step}
  const predictor = {...(await predictorOf(point, place, loaded, engine)), progress}
  await run.place(join('predictions', point.name), '')
  const rows = await withSampler({...predictor, engine}, step, (sampler) =>
    evaluateModel({...predictor, sampler}, subject, predictionsFile(run, point.name, step)),
  )
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
    ...modeColumnsOf(row),
  }))
}

/**
 * What a checkpoint of a point is evaluated with, a sampler aside; the engine holds its weights.
 *
 * @param place of the checkpoint
 */
export async function predictorOf(
  point: TrainedPoint,
  place: ModelPlace,
  loaded: SourcedConfig,
  engine: Engine,
): Promise<Omit<Predictor, 'sampler'>> {
  return openEvaluator({...(await openPoint(point, place, loaded)), engine})
}

/** Where the predictions of a point's checkpoint are. */
export function predictionsFile(run: RunDirectory, name: string, step: number): string {
  return run.at('predictions', name, `${stepName(step)}.arrow`)
}
