import type {MetricsRow} from '../tables/index.js'
import type {Curve} from './figures.js'
import type {RunFolder} from './read-run.js'

/** A metric by step: one curve for each run that has it. */
export function curvesOf(runs: readonly Pick<RunFolder, 'name' | 'metrics'>[], key: keyof MetricsRow): Curve[] {
  return runs.flatMap(({name, metrics}) => {
    const points = metrics.flatMap((row) => (row[key] === null ? [] : [{x: row.step, y: Number(row[key])}]))
    return points.length > 0 ? [{name, points}] : []
  })
}
