import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {doublings, type LengthsMeasurement, type LengthsRow, lengthsRows} from './lengths-rows.js'
import {estimateOf} from './lengths-work.js'
import {plotLogLog} from './log-log-plot.js'

/** A row as it was measured, with the processor and, where it was not alone there, what else went on. */
export type MeasuredRow = LengthsRow &
  LengthsMeasurement & {readonly date: string; readonly machine: string; readonly note?: string}

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(2)

/** Writes LENGTHS.md and lengths-memory.svg into a folder; returns the page. */
export async function writeLengths(measured: readonly MeasuredRow[], out: string): Promise<string> {
  const byName = new Map(measured.map((row) => [row.name, row]))
  const rows = lengthsRows.flatMap(({name}) => byName.get(name) ?? [])
  const series = Object.entries(doublings).flatMap(([name, {rows: own, key}]) => {
    const points = own.flatMap((row) => {
      const found = byName.get(row.name)
      return found ? [{x: row[key], y: found.peakBytes / 2 ** 20}] : []
    })
    return points.length > 1 ? [{name, points}] : []
  })
  if (series.length > 0) {
    const svg = await plotLogLog(series, {title: 'peak memory of a step, MiB (model S, other length 128)', x: 'tokens'})
    writeFileSync(join(out, 'lengths-memory.svg'), svg)
  }
  const page = [
    '# Memory and time at real lengths',
    '',
    'Written by `npm run bench:lengths`. One GRPO step of 8 completions a context, each in a process of its own, every text at full length, update forced by a',
    'small entropy bonus; float32, two threads. Times with a star are medians of steps whose graphs were compiled before; the others include compiling. The',
    'estimate is that of `--dry-run`, without a tokenizer and with the loader of TypeScript, 60 MiB. Models: [README.md](README.md).',
    '',
    '| model, update, context + completion | peak, GiB | goal | estimate, GiB | estimate / peak | sampling, s | update, s | largest difference of a log-probability | measured | processor |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
    '',
    ...rows.flatMap(({name, note}) => (note ? [`- ${name}: ${note}.`] : [])),
    '',
    ...(series.length > 0 ? ['![Peak memory against lengths](lengths-memory.svg)', ''] : []),
  ].join('\n')
  writeFileSync(join(out, 'LENGTHS.md'), page)
  return page
}

const secondsOf = (seconds: number, timedSteps?: number) =>
  timedSteps === undefined ? seconds.toFixed(1) : `${seconds.toFixed(2)}*`

function cellsOf(row: MeasuredRow): string[] {
  const {name, peakBytes, goalGiB, sampleSeconds, updateSeconds, mismatch, date, machine, timedSteps} = row
  const estimatedBytes = estimateOf(row)
  return [
    name,
    gib(peakBytes),
    goalGiB === undefined ? '' : String(goalGiB),
    gib(estimatedBytes),
    (estimatedBytes / peakBytes).toFixed(2),
    secondsOf(sampleSeconds, timedSteps),
    secondsOf(updateSeconds, timedSteps),
    String(mismatch),
    date.slice(0, 10),
    machine,
  ]
}
