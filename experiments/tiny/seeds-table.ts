import {join} from 'node:path'
import {accuracyTable, bySeed, differenceTable} from '../markdown.js'
import {publish} from '../publish.js'
import type {ResultRow} from '../result-table.js'
import {flopsOf} from '../results.js'
import {accuracyRows, differenceRows, type Line, numberRow} from '../rows.js'
import {configsOf} from '../stages.js'

const [minus, flops] = ['RPT minus it', 'FLOPs']

const line = (title: string, run: string, step: number, mode: string, paper?: Line['paper']): Line => ({
  title,
  evaluated: {run, step, mode},
  paper,
})

/** Table 1 of the paper, and controls. Its 14B numbers stand beside the lines that it has. */
const base = line('base, standard', 'base', 0, 'standard', {easy: 0.416, medium: 0.2946, hard: 0.2043})
const thinking = line('base, reasoning', 'base', 0, 'reasoning', {easy: 0.0331, medium: 0.0166, hard: 0.0141})
const baseForced = line('base, idle thought forced', 'base', 0, 'forced-thought')
const baseEmpty = line('base, empty thought forced', 'base', 0, 'empty-thought')
const rpt = line('RPT, reasoning', 'rpt', 160, 'reasoning', {easy: 0.4511, medium: 0.3356, hard: 0.2375})
const forced = line('RPT, idle thought forced', 'rpt', 160, 'forced-thought')
const empty = line('RPT, empty thought forced', 'rpt', 160, 'empty-thought')
const standard = line('RPT, standard', 'rpt', 160, 'standard')
const equalUpdates = line('next-token training, equal updates', 'ntp', 160, 'standard')
const equalFlops = line('next-token training, equal FLOPs', 'ntp', 570, 'standard')
const lines = [base, thinking, baseForced, baseEmpty, rpt, forced, empty, standard, equalUpdates, equalFlops]

/** Reads the finished runs of all seeds, and publishes what they found. */
export function publishSeeds(seeds: readonly {readonly seed: number; readonly folder: string}[]): void {
  const rows = seeds.flatMap(({seed, folder}) => rowsOfSeed(folder, seed))
  const configs = ['prepare', 'sft', 'rpt', 'ntp', 'eval'].map((name) => configsOf('tiny', name)[1])
  publish('tiny', {rows, configs, tables: tablesOf(rows)})
}

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  return {
    seeds: accuracyTable(rows),
    differences: differenceTable(rows, minus, 'RPT, reasoning, minus'),
    flops: bySeed(
      flops,
      rows.filter(({metric}) => metric === flops),
      ([row]) => row.value.toExponential(2),
    ),
  }
}

function rowsOfSeed(folder: string, seed: number): ResultRow[] {
  const evaluation = join(folder, 'eval')
  return [
    ...accuracyRows(evaluation, lines, seed),
    ...differenceRows(evaluation, rpt.evaluated, [base, thinking, forced, empty, equalUpdates, equalFlops], {
      metric: minus,
      seed,
    }),
    ...[
      {title: 'RPT', run: 'rpt'},
      {title: 'next-token training', run: 'ntp'},
    ].map(({title, run}) => numberRow(title, {metric: flops, seed}, flopsOf(join(folder, run)))),
  ]
}
