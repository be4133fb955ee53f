import {dirname, join} from 'node:path'
import {loadConfig} from '../config/load.js'
import {configHash} from '../config/resolved.js'
import type {Config} from '../config/schema.js'
import {UsageError} from '../util/errors.js'
import {folderName, shortLabel} from '../util/short-names.js'

/** One combination of axis values. */
export interface SweepPoint {
  /**
   * `seed=1,grpo.groupSize=4`, or `base` without axes: also the name of its run and of its folder. Long values and those
   * with signs that no folder should have are cut, and a hash tells them apart. It depends on the point's own values alone.
   */
  readonly name: string
  /** JSON of the axis values, keys sorted. */
  readonly json: string
  /** The training configuration of the point. */
  readonly config: Config
  readonly sources: ReadonlyMap<string, string>
  readonly folders: ReadonlyMap<string, string>
}

/** A point with the folder where its run is or will be. */
export interface PlacedPoint extends SweepPoint {
  readonly folder: string
  readonly isDone: boolean
}

/** Steps of a point whose checkpoints are evaluated. */
export function stepsOf({config}: SweepPoint, {sweep: {checkpoints}}: Config): readonly number[] {
  return checkpoints.length > 0 ? checkpoints : config.checkpoint.steps
}

/**
 * Every combination of the values in `sweep.axes`, applied to the training config, last axis fastest. Paths among the
 * values are relative to that config.
 *
 * @throws {UsageError} when there is no training config, an axis decides nothing or has a value that the schema refuses, or two
 *   values mean the same
 */
export function sweepPoints({sweep, out}: Config): SweepPoint[] {
  const {train} = sweep
  if (!train)
    throw new UsageError('scaling-sweep: sweep.train is missing', {suggestions: ['set it to a training config file']})
  refuseSharedAxes(sweep.axes)
  const points = combinations(Object.entries(sweep.axes).sort(([a], [b]) => (a < b ? -1 : 1))).map((point) => {
    const values = Object.fromEntries(point)
    const name = nameOf(point)
    const flags = {out: join(out!, 'runs', name)}
    return {name, json: JSON.stringify(values), ...loadConfig({files: [train], values, flags, cwd: dirname(train)})}
  })
  checkDistinct(points)
  return points
}

/** Sections of settings that are the same for all points, and why. */
const shared: Readonly<Record<string, string>> = {
  eval: 'all points are evaluated with the settings of the sweep',
  out: 'every point is written below the folder of the sweep',
}

function refuseSharedAxes(axes: Config['sweep']['axes']): void {
  for (const key of Object.keys(axes)) {
    const [section] = key.split('.')
    if (!Object.hasOwn(shared, section)) continue
    throw new UsageError(`scaling-sweep: sweep.axes names ${key}, but ${shared[section]}`, {
      suggestions: [`leave it out, and set ${key} for the sweep`, 'give each value a sweep of its own'],
    })
  }
}

type AxisValue = string | number | boolean

function nameOf(values: readonly (readonly [string, AxisValue])[]): string {
  const text = values.map(([key, value]) => `${key}=${value}`).join(',') || 'base'
  const isPlain = values.every(([, value]) => /^[a-z0-9_+.-]*[a-z0-9_+-]$/.test(String(value)))
  return folderName(text, isPlain, JSON.stringify(values))
}

function checkDistinct(points: readonly SweepPoint[]): void {
  const seen = new Map<string, SweepPoint>()
  for (const point of points) {
    const settings = configHash(point.config, ['out'])
    const twin = seen.get(settings)
    if (twin)
      throw new UsageError(
        `scaling-sweep: the points ${shortLabel(twin.json)} and ${shortLabel(point.json)} have the same settings`,
        {suggestions: ['name every value of sweep.axes once']},
      )
    seen.set(settings, point)
  }
}

function combinations(axes: readonly [string, readonly AxisValue[]][]): [string, AxisValue][][] {
  return axes.reduce<[string, AxisValue][][]>(
    (points, [key, values]) =>
      points.flatMap((point) => values.map((value): [string, AxisValue][] => [...point, [key, value]])),
    [[]],
  )
}
