import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {doublingExponents} from './exponents.js'
import type {Work} from './job.js'
import {plotLogLog} from './log-log-plot.js'

/** One measured size. */
export interface ScalingPoint {
  readonly size: number
  readonly seconds: number
  readonly peakRss: number
}

/** A work at every size of one axis. */
export interface ScalingCurve {
  readonly axis: string
  readonly work: Work
  readonly points: readonly ScalingPoint[]
}

const measures = [
  ['seconds', 'seconds', ({seconds}: ScalingPoint) => seconds],
  ['memory', 'peak memory, MiB', ({peakRss}: ScalingPoint) => peakRss / 2 ** 20],
] as const

/** Writes SCALING.md and scaling-*.svg into a folder; returns the page. */
export async function writeScaling(curves: readonly ScalingCurve[], out: string): Promise<string> {
  for (const axis of new Set(curves.map((curve) => curve.axis))) {
    const own = curves.filter((curve) => curve.axis === axis)
    for (const [file, title, read] of measures) {
      const series = own.map(({work, points}) => ({name: work, points: points.map((p) => ({x: p.size, y: read(p)}))}))
      const svg = await plotLogLog(series, {title: `${title} against ${axis}`, x: axis})
      writeFileSync(join(out, `scaling-${axis.replaceAll(' ', '-')}-${file}.svg`), svg)
    }
  }
  const page = ['# Scaling', '', ...tableOf(curves), ''].join('\n')
  writeFileSync(join(out, 'SCALING.md'), page)
  return page
}

function tableOf(curves: readonly ScalingCurve[]): string[] {
  const rows = curves.map(({axis, work, points}) => {
    const time = doublingExponents(points.map(({size, seconds}) => ({x: size, y: seconds})))
    const memory = doublingExponents(points.map(({size, peakRss}) => ({x: size, y: peakRss})))
    const [first, last] = [points[0], points.at(-1)!]
    const cells = [
      work,
      `${axis} ${first.size}..${last.size}`,
      `${first.seconds.toFixed(3)}..${last.seconds.toFixed(3)}`,
      time.overall.toFixed(2),
      time.last.toFixed(2),
      `${Math.round(first.peakRss / 2 ** 20)}..${Math.round(last.peakRss / 2 ** 20)}`,
      memory.overall.toFixed(2),
      memory.last.toFixed(2),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    'Exponents of time and peak memory against each size: slope of the logarithms over all four doublings, and of the last',
    'one, where what does not grow weighs least. 1 is linear. Only attention, which is quadratic, is above 1 by more than noise.',
    '',
    '| work | size | seconds | exponent | last | peak MiB | exponent | last |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ]
}
