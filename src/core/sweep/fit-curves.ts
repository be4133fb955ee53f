import type {Config} from '../config/schema.js'
import type {RunDirectory} from '../runs/run-directory.js'
import {bootstrapFit, type ScalingCurve} from '../statistics/bootstrap-fit.js'
import {type FitRow, fitRow, seriesName} from '../statistics/series.js'
import type {SweepRow} from '../tables/index.js'
import type {Task} from '../tasks/task.js'
import {groupBy} from '../util/group-by.js'
import {predictionsFile} from './predictions.js'
import {ScoreReader} from './read-scores.js'

/** Fits every curve on every split of the task, with intervals from resampled clusters, and runs where that is asked for. */
export async function fitCurves(
  rows: readonly SweepRow[],
  task: Pick<Task<unknown>, 'strata' | 'splits'>,
  config: Config,
  run: Pick<RunDirectory, 'path'>,
): Promise<FitRow[]> {
  const scores = new ScoreReader(task)
  const curves = groupBy(rows, (row) => JSON.stringify([seriesName(row.mode, row.point), row.mode, row.split]))
  return [...curves].map(([key, members]) => {
    const [series, mode, split] = JSON.parse(key) as [string, SweepRow['mode'], string]
    const byRun = groupBy(members, (row) => row.run)
    const measured = [...byRun].map(
      ([name, own]): ScalingCurve => ({
        seed: own[0].seed,
        checkpoints: own.map(({step, compute_flops}) => ({
          compute: compute_flops,
          documents: scores.scoresOf(predictionsFile(run.path, name, step), mode, split),
        })),
      }),
    )
    const {bootstraps, resampleSeeds} = config.sweep
    return fitRow({series, mode, split}, bootstrapFit(measured, {bootstraps, resampleSeeds, seed: config.seed}))
  })
}
