import {dirname, join} from 'node:path'
import {loadConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {UsageError} from '../util/errors.js'

/** One combination of axis values. */
export interface SweepPoint {
  /** `seed=1,grpo.groupSize=4`, or `base` without axes: also the name of its run. */
  readonly name: string
  /** JSON of the axis values, keys sorted. */
  readonly json: string
  /** The training configuration of the point. */
  readonly config: Config
  readonly sources: ReadonlyMap<string, string>
}

/**
 * Every combination of the values in `sweep.axes`, applied to the training config, last axis fastest. Paths among the
 * values are relative to that config.
 *
 * @throws {UsageError} when there is no training config or an axis value is refused by the schema
 */
export function sweepPoints({sweep, out}: Config): SweepPoint[] {
  const {train} = sweep
  if (!train)
    throw new UsageError('scaling-sweep: sweep.train is missing', {suggestions: ['set it to a training config file']})
  return combinations(Object.entries(sweep.axes).sort(([a], [b]) => (a < b ? -1 : 1))).map((values) => {
    const name = values.map(([key, value]) => `${key}=${value}`).join(',') || 'base'
    const folder = join(out!, 'runs', name.replaceAll('/', '_'))
    const sets = values.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    const loaded = loadConfig({files: [train], sets, flags: {out: folder}, cwd: dirname(train)})
    return {name, json: JSON.stringify(Object.fromEntries(values)), ...loaded}
  })
}

type AxisValue = string | number | boolean

function combinations(axes: readonly [string, readonly AxisValue[]][]): [string, AxisValue][][] {
  return axes.reduce<[string, AxisValue][][]>(
    (points, [key, values]) =>
      points.flatMap((point) => values.map((value): [string, AxisValue][] => [...point, [key, value]])),
    [[]],
  )
}
