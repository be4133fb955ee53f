import {existsSync, readdirSync} from 'node:fs'
import {basename} from 'node:path'
import type {ComputeSpent} from '../runs/compute-spent.js'
import {predictionsName} from '../runs/predictions-name.js'
import {stepName, stepOf} from '../runs/run-checkpoints.js'
import type {RunDirectory} from '../runs/run-directory.js'
import {type EvalRow, evalTable, type PredictionRow, predictionsTable, readTable, writeTable} from '../tables/index.js'
import {Interrupted} from '../util/errors.js'
import {Sampler, streamSeed} from '../util/rng.js'
import type {Services} from '../util/services.js'
import {notesOn, notesOnSplits} from './eval-notes.js'
import {computeMeter, evalRows, modeTally, type Subject} from './eval-rows.js'
import {evaluationCompute} from './evaluation-compute.js'
import {type Predictor, predict} from './predict.js'
import {predictionRows} from './prediction-rows.js'

/** Indices of the held-out items to evaluate: all of them, or `limit` chosen by seed, ascending. */
function evaluatedItems({config, task}: Predictor): Iterable<number> & {readonly length: number} {
  const count = task.size.val
  const {limit} = config.eval
  if (limit === undefined || limit >= count) return {length: count, [Symbol.iterator]: () => Array(count).keys()}
  const sampler = new Sampler(streamSeed(config.seed, 'evaluated positions'))
  const chosen = sampler.shuffle(Array(count).keys()).slice(0, limit)
  return chosen.sort((a, b) => a - b)
}

/**
 * Evaluates the engine's present weights in every mode asked for, with intervals per split.
 *
 * Predictions go to `file` as they are made and are counted on the way; it holds all of them, or what it held before.
 *
 * @returns the rows of `eval.arrow`
 */
export async function evaluateModel(
  predictor: Predictor & Pick<Services, 'progress'>,
  subject: Subject,
  file: string,
): Promise<EvalRow[]> {
  const {config, task, progress} = predictor
  const indices = evaluatedItems(predictor)
  const rows: EvalRow[] = []
  async function* predictions(): AsyncGenerator<PredictionRow> {
    for (const mode of config.eval.modes) {
      const name = `evaluate ${subject.objective} step ${subject.step}, ${mode}`
      const stage = progress.stage(name, indices.length, task.noun)
      predictor.engine.watch((words) => stage.note(words))
      const tally = modeTally(predictor)
      const meter = computeMeter(predictor)
      const metered = {...predictor, engine: meter.engine(predictor.engine), sampler: meter.sampler(predictor.sampler)}
      for await (const predicted of predict(metered, indices, mode, stage)) {
        tally.add(predicted)
        yield* predictionRows(predicted, mode)
      }
      const graded = evalRows(predictor, subject, mode, tally, meter.spent)
      stage.done(graded.map((row) => `${row.split} ${(100 * row.accuracy).toFixed(1)}`).join(', '))
      for (const note of notesOn(predictor, mode, tally)) progress.log(note)
      for (const row of graded) rows.push(row)
    }
  }
  await writeTable(file, predictionsTable, predictions())
  for (const note of notesOnSplits(rows)) progress.log(note)
  return rows
}

type Named = Pick<Subject, 'run' | 'checkpoint'>

/** Whether `eval.arrow` has a checkpoint already. */
export function isDone(rows: readonly EvalRow[], {run, checkpoint}: Named): boolean {
  return rows.some((row) => row.run === run && row.checkpoint === checkpoint)
}

/** What is said of such a checkpoint. */
export function doneLine({run, checkpoint}: Named): string {
  return `${run} ${checkpoint} is evaluated already`
}

/** The evaluations of one run: `eval.arrow` and `eval/step-*.arrow`. */
export class EvaluationLog {
  private constructor(
    private readonly run: RunDirectory,
    private readonly predictor: Predictor,
    private rows: readonly EvalRow[],
  ) {}

  /** Opens what an earlier attempt left. */
  static async open(run: RunDirectory, predictor: Predictor): Promise<EvaluationLog> {
    const rows = await run.reopen('eval.arrow', (file) => (existsSync(file) ? readTable(file, evalTable) : []))
    return new EvaluationLog(run, predictor, rows)
  }

  /**
   * Goes on with the evaluations of a training run, under the name that its folder has now: forgets those beyond a step, and
   * says of which others only the predictions are left.
   *
   * @param isDue whether that of the step itself is made where it is missing
   */
  continueAfter(step: number, isDue: boolean): void {
    const {run} = this
    this.rows = this.rows.filter((row) => row.step <= step).map((row) => ({...row, run: basename(run.path)}))
    const folder = run.at('eval')
    const predicted = existsSync(folder)
      ? readdirSync(folder)
          .map(stepOf)
          .sort((a, b) => a - b)
      : []
    const kept = predicted.filter((one) => (isDue ? one < step : one <= step))
    const lost = kept.filter((one) => !this.rows.some((row) => row.step === one))
    if (lost.length > 0)
      run.services.progress.warn(
        `train: eval.arrow has no accuracies of step ${lost.join(', ')}; they are lost, and their predictions are in eval/`,
      )
  }

  /** Whether a checkpoint is evaluated already. */
  holds(subject: Subject): boolean {
    return isDone(this.rows, subject)
  }

  /** What all of them took while a run was trained; null where an older version, which did not count, made some of them. */
  compute(): ComputeSpent | null {
    const sum = {command: 'train', field: 'compute_evaluations', file: 'eval.arrow'}
    return evaluationCompute(this.rows, sum, this.run.services.progress)
  }

  /** Evaluates the engine's weights under `subject`, unless that is done already. Returns all rows of the run. */
  async evaluate(subject: Subject): Promise<readonly EvalRow[]> {
    const {progress} = this.run.services
    if (this.holds(subject)) {
      progress.log(doneLine(subject))
      return this.rows
    }
    const file = await this.run.place('eval', fileOf(this.run.path, subject))
    const rows = await evaluateModel({...this.predictor, progress}, subject, file).catch((error: unknown) => {
      throw error instanceof Interrupted ? stoppedAt(subject, this.rows, error) : error
    })
    this.rows = [...this.rows, ...rows]
    await writeTable(this.run.at('eval.arrow'), evalTable, this.rows)
    return this.rows
  }
}

/** An evaluation is saved when all its modes are done: says which are. */
function stoppedAt({run, checkpoint}: Subject, rows: readonly EvalRow[], cause: Interrupted): Interrupted {
  const saved = [...new Set(rows.map((row) => `${row.run} ${row.checkpoint}`))]
  if (saved.length === 0)
    return new Interrupted(`evaluation stopped during ${run} ${checkpoint}, the first; nothing is saved`, {
      cause,
      suggestions: ['to evaluate, run the command again from the beginning'],
    })
  return new Interrupted(
    `evaluation stopped during ${run} ${checkpoint}, which is not saved; saved in eval.arrow: ${saved.join(', ')}`,
    {cause, suggestions: ['continue with --resume']},
  )
}

/** `step-000100.arrow` for the run's own checkpoints, `<run>-step-000100.arrow` for others. */
function fileOf(runPath: string, {run, step}: Subject): string {
  return run === basename(runPath) ? `${stepName(step)}.arrow` : predictionsName(run, step)
}
