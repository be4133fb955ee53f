import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {wholeHistory} from '../runs/compute-spent.js'
import {faultOfModel} from '../runs/own-checkpoint.js'
import {reopenTable} from '../runs/reopen-table.js'
import {checkpointFolder} from '../runs/run-checkpoints.js'
import {type MetricsRow, metricsTable, readTable, type SweepRow, sweepTable} from '../tables/index.js'
import {DataError} from '../util/errors.js'
import type {PlacedPoint} from './points.js'
import {faultOfPredictions, predictionsFile} from './predictions.js'

/** The rows of an earlier attempt's `sweep.arrow`. Throws {DataError} when it is damaged, with what to do. */
export function readSweepRows(out: string): Promise<readonly SweepRow[]> {
  return reopenTable(out, 'sweep.arrow', (file) => (existsSync(file) ? readTable(file, sweepTable) : []))
}

/**
 * Checks that steps which a run took before the sweep goes on can be evaluated, or are evaluated already.
 *
 * @param ledger what `sweep.arrow` holds
 * @throws {DataError} naming a checkpoint that is missing or damaged
 */
export function checkTaken(
  point: PlacedPoint,
  steps: readonly number[],
  ledger: readonly SweepRow[],
  out: string,
): void {
  for (const step of steps) {
    const isHeld = ledger.some((row) => row.run === point.name && row.step === step)
    if (isHeld && faultOfPredictions(predictionsFile(out, point.name, step)) === null) continue
    checkCheckpoint(point, step)
  }
}

/** @throws {DataError} when the run of a point has no checkpoint of a step, or a damaged one */
export function checkCheckpoint(point: PlacedPoint, step: number): void {
  const folder = checkpointFolder(point.folder, step)
  if (!existsSync(folder))
    throw new DataError(`scaling-sweep: ${point.folder} has no checkpoint of step ${step}`, {
      suggestions: [trainAgain(point)],
    })
  const fault = faultOfModel(folder)
  if (fault !== null)
    throw new DataError(`scaling-sweep: the checkpoint ${folder} is damaged: ${fault}`, {
      suggestions: ['copy it again', trainAgain(point)],
    })
}

/**
 * The rows of `metrics.arrow` of a run, all steps up to one among them.
 *
 * @throws {DataError} when some are lost: what the checkpoints cost is then not known
 */
export function readHistory(point: PlacedPoint, step: number): readonly MetricsRow[] {
  const file = join(point.folder, 'metrics.arrow')
  const history = existsSync(file) ? readTable(file, metricsTable) : []
  const steps = Math.max(step, history.at(-1)?.step ?? 0)
  if (wholeHistory(history, steps) !== null) return history
  throw new DataError(
    `scaling-sweep: ${file} has ${history.length} of ${steps} steps, so nobody knows what its checkpoints cost`,
    {suggestions: ['put back the whole table', trainAgain(point)]},
  )
}

/** How a point gets a run that is whole. */
function trainAgain({folder, config}: PlacedPoint): string {
  return folder === config.out
    ? `move ${folder} away: --resume then trains it again`
    : 'take it out of sweep.runs: the point is then trained here'
}
