import {writeFile} from 'node:fs/promises'
import type {Config} from '../config/schema.js'
import {startEngine} from '../engine/start-engine.js'
import {evaluationCompute} from '../evaluation/evaluation-compute.js'
import {plotScaling} from '../report/plot-scaling.js'
import {pointOfSweep, scalingFigures, scalingText} from '../report/scaling-figures.js'
import {addSpent, type ComputeSpent, computeByStep, computeSpent} from '../runs/compute-spent.js'
import {type Origins, recordedOrigins} from '../runs/origins.js'
import {resolveModel} from '../runs/resolve-model.js'
import {RunDirectory} from '../runs/run-directory.js'
import {type Summary, summarize} from '../runs/summary.js'
import type {FitRow} from '../statistics/series.js'
import {splits} from '../statistics/split.js'
import type {SweepRow} from '../tables/index.js'
import {train} from '../training/train.js'
import {Interrupted} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {evaluatePoints, predictorOf, type TrainedPoint} from './evaluate-points.js'
import {fitCurves} from './fit-curves.js'
import {openSweep, servicesOf, sweepInputs, usesLine} from './open-sweep.js'
import {type PlacedPoint, stepsOf} from './points.js'
import {readHistory} from './taken-steps.js'

/** What `rpt scaling-sweep` found: its `summary.json`. */
export interface SweepSummary extends Summary {
  /** What the runs trained for the sweep took, each once, without evaluations. */
  readonly compute: ComputeSpent
  /** The same of the runs that it took over from `sweep.runs`; null where there are none. */
  readonly compute_taken_over: ComputeSpent | null
  /** What the evaluations of all checkpoints took; null where an older version, which did not count, made some of them. */
  readonly compute_evaluations: ComputeSpent | null
  /** One fit per curve and split. */
  readonly fits: readonly FitRow[]
  /** The fitted curve of the hardest split that has one, for the terminal. */
  readonly plot: string
  /** The accuracies: the rows of sweep.arrow. */
  readonly rows: readonly SweepRow[]
}

/**
 * `rpt scaling-sweep`: trains what is missing, evaluates every checkpoint asked for, fits P(C) = A / C^alpha + P* (RPT,
 * Eq. 5).
 *
 * The ledger `sweep.arrow` holds what is done; an interrupted sweep goes on from there.
 */
export async function sweep(config: Config, services: Services): Promise<SweepSummary> {
  const started = new Date()
  const {points, loaded} = await openSweep(config, services)
  const {sources} = loaded
  const run = await RunDirectory.open(config.out!, loaded.config, {...services, sources})
  const engine = startEngine(config)
  try {
    const trained: TrainedPoint[] = []
    let origins: Origins = {}
    for (const point of points) {
      if (services.signal.aborted)
        throw new Interrupted(`scaling-sweep: stopped before ${point.name}; the points before it are trained`, {
          suggestions: ['continue with --resume'],
        })
      const done = await trainPoint(point, run, origins)
      // What the first point found a branch to be holds for the others too.
      origins = {...recordedOrigins(done.folder), ...origins}
      trained.push(done)
    }
    await run.checkInputs(sweepInputs(points))
    const rows = await evaluatePoints(trained, loaded, run, engine)
    const [step] = stepsOf(trained[0], config)
    const place = await resolveModel(trained[0].folder, step)
    const {task} = await predictorOf(trained[0], place, loaded, engine)
    const fits = await fitCurves(rows, task, config, run)
    await drawFigures(rows, fits, run)
    const summary: SweepSummary = {
      ...(await summarize('scaling-sweep', config, services, started, engine)),
      ...spentOn(trained),
      compute_evaluations: evaluationCompute(rows, evaluationsSum, run.services.progress),
      fits,
      plot: plotOf(rows),
      rows,
    }
    await run.writeSummary(summary)
    return summary
  } finally {
    await engine.close()
    await run.close()
  }
}

const evaluationsSum = {command: 'scaling-sweep', field: 'compute_evaluations', file: 'sweep.arrow'}

async function trainPoint(point: PlacedPoint, run: RunDirectory, origins: Origins): Promise<TrainedPoint> {
  if (point.isDone) run.services.progress.log(usesLine(point))
  else await train(point.config, servicesOf(point, run.services), origins)
  const history = readHistory(point, point.config.train.steps)
  const spent = computeSpent(history, history.at(-1)?.step ?? 0)!
  return {...point, computeAt: computeByStep(history), spent}
}

/** What the runs behind all points took: a run that several points share counts once. */
function spentOn(points: readonly TrainedPoint[]): Pick<SweepSummary, 'compute' | 'compute_taken_over'> {
  const spentBy = new Map(points.map(({folder, spent}) => [folder, spent]))
  const own = new Set(points.map(({config}) => config.out))
  const [trained, takenOver] = [true, false].map((isOwn) =>
    [...spentBy].filter(([folder]) => own.has(folder) === isOwn).map(([, spent]) => spent),
  )
  return {compute: addSpent(trained), compute_taken_over: takenOver.length > 0 ? addSpent(takenOver) : null}
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
