import {join} from 'node:path'
import type {SourcedConfig} from '../config/load.js'
import type {Engine} from '../engine/engine.js'
import {loadModel} from '../engine/load-model.js'
import {modeColumnsOf} from '../evaluation/evaluation-compute.js'
import {evaluateModel} from '../evaluation/evaluation-log.js'
import type {Predictor} from '../evaluation/predict.js'
import type {ComputeSpent} from '../runs/compute-spent.js'
import {type ModelPlace, sourceOf} from '../runs/model-place.js'
import {resolveModel} from '../runs/resolve-model.js'
import {stepName} from '../runs/run-checkpoints.js'
import type {RunDirectory} from '../runs/run-directory.js'
import {withSampler} from '../samplers/samplers.js'
import {openStream, type SweepRow, sweepTable, type TableStream} from '../tables/index.js'
import {openEvaluator} from '../training/evaluator.js'
import {Interrupted} from '../util/errors.js'
import {openPoint} from './evaluated-point.js'
import {type PlacedPoint, stepsOf} from './points.js'
import {faultOfPredictions, predictionsFile} from './predictions.js'
import {checkCheckpoint} from './taken-steps.js'

/** A trained point: where its checkpoints are, and what each cost. */
export interface TrainedPoint extends PlacedPoint {
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
    for (const {point, step} of open) checkCheckpoint(point, step)
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
  const fileOf = (row: SweepRow) => predictionsFile(run.path, row.run, row.step)
  const lost = new Set<string>()
  for (const file of new Set(ledger.rows.map(fileOf))) {
    const fault = faultOfPredictions(file)
    if (fault === null) continue
    lost.add(file)
    run.services.progress.warn(`scaling-sweep: evaluates again, because predictions cannot be read: ${fault}`)
  }
  await ledger.keepRows((row) => !lost.has(fileOf(row)))
}

async function evaluateCheckpoint(
  point: TrainedPoint,
  step: number,
  loaded: SourcedConfig,
  run: RunDirectory,
  engine: Engine,
): Promise<SweepRow[]> {
  const {progress} = run.services
  const place = await resolveModel(point.folder, step)
  await loadModel(engine, sourceOf(place), progress)
  const subject = {run: point.name, objective: point.config.train.objective, checkpoint: stepName(step), step}
  const predictor = {...(await predictorOf(point, place, loaded, engine)), progress}
  await run.place(join('predictions', point.name), '')
  const rows = await withSampler({...predictor, engine}, step, (sampler) =>
    evaluateModel({...predictor, sampler}, subject, predictionsFile(run.path, point.name, step)),
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
