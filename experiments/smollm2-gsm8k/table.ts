import {readFileSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {AccuracyRow} from '../../src/core/report/figures.js'
import {plotAccuracies} from '../../src/core/report/plot-accuracies.js'
import type {SweepSummary} from '../../src/core/sweep/sweep.js'
import {evalTable, metricsTable, readTable} from '../../src/core/tables/index.js'
import {difference, type Evaluated, flopsOf, splits} from '../results.js'
import {insertTables} from '../tables.js'
import {accuraciesOf, controlledOf, percent} from './accuracies.js'
import {type Results, summaryOf, tablesOf} from './render.js'
import type {Rejection} from './sample-right.js'

/**
 * `npx tsx experiments/smollm2-gsm8k/table.ts`: reads the finished experiment, and writes results.json and
 * the tables of README.md.
 */

const here = dirname(fileURLToPath(import.meta.url))
const folder = (name: string) => join(here, '..', '..', 'runs', 'smollm2-gsm8k', name)
const evaluation = folder('eval')

/** The lines of the tables: name, run, mode. */
const lines = [
  ['plain model, standard', 'plain', 'standard'],
  ['warm start, standard', 'warm', 'standard'],
  ['warm start, reasoning', 'warm', 'reasoning'],
  ['next-token training, standard', 'ntp', 'standard'],
  ['next-token training, reasoning', 'ntp', 'reasoning'],
  ['rejection sampling, reasoning', 'rejection', 'reasoning'],
  ['RPT at random positions, reasoning', 'random', 'reasoning'],
  ['RPT, standard', 'rpt', 'standard'],
  ['RPT, reasoning', 'rpt', 'reasoning'],
] as const

const rows = readTable(join(evaluation, 'eval.arrow'), evalTable)

/** What a name stands for in the evaluation; the plain model is called as its folder is. */
function evaluated(name: string, mode: string): Evaluated {
  const {run, step} = rows.find((row) => (name === 'plain' ? row.step === 0 : row.run === name))!
  return {run, step, mode}
}

const accuracies = lines.map(([title, name, mode]) => ({
  title,
  splits: accuraciesOf(evaluation, evaluated(name, mode)),
}))

const reasoning = lines.filter(([, , mode]) => mode === 'reasoning')
const controls = [
  ...controlledOf(folder('controls-plain'), 'plain model, template opened', evaluated('plain', 'reasoning')),
  ...reasoning.flatMap(([title, name, mode]) => controlledOf(folder('controls'), title, evaluated(name, mode))),
]

const rpt = evaluated('rpt', 'reasoning')
const differences = lines.slice(0, -1).map(([title, name, mode]) => ({
  title,
  splits: splits.map((split) => difference(evaluation, rpt, evaluated(name, mode), split)),
}))

const sampled = [
  ['plain model, template opened', folder('plain')],
  ['warm start', folder('eval-samples')],
  ['RPT', folder('eval-samples')],
] as const
const passAt = sampled.map(([title, from], i) => {
  const own = readTable(join(from, 'eval.arrow'), evalTable).filter((row) => row.split === 'all')
  const {count, pass_at, accuracy} = own.find((row) => i === 0 || row.run === ['', 'warm', 'rpt'][i])!
  return {
    title,
    count,
    greedy: percent(accuracy),
    passAt: Object.entries(pass_at!).map(([k, share]): [string, number] => [k, percent(share)]),
  }
})

const drawn: Rejection = JSON.parse(readFileSync(folder('rejection.json'), 'utf8'))
const costs = Object.entries({
  warm: 'warm start',
  rpt: 'RPT',
  random: 'RPT at random positions',
  ntp: 'next-token training',
  rejection: `rejection sampling (${drawn.completions} completions, ${drawn.right} right, ${drawn.rows} rows)`,
}).map(([name, title]) => {
  const {step, wall_seconds} = readTable(join(folder(name), 'metrics.arrow'), metricsTable).at(-1)!
  const [flops, seconds] = name === 'rejection' ? [drawn.flops, drawn.seconds] : [0, 0]
  return {title, steps: step, flops: flops + flopsOf(folder(name)), minutes: (seconds + wall_seconds) / 60}
})

const {fits}: SweepSummary = JSON.parse(readFileSync(join(folder('sweep'), 'summary.json'), 'utf8'))
const results: Results = {accuracies, controls, differences, passAt, costs, fits}
writeFileSync(join(here, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)

const root = join(here, '..', '..')
insertTables(join(here, 'README.md'), tablesOf(results))
insertTables(join(root, 'README.md'), {real: summaryOf(results)})
const figure = join(root, 'docs', 'images', 'real-text.svg')
writeFileSync(figure, await plotAccuracies(results.accuracies.map(({title, splits: cells}) => figureRow(title, cells))))
console.log(`wrote results.json, ${figure}, and the tables of both README.md`)

function figureRow(name: string, cells: Results['accuracies'][number]['splits']): AccuracyRow {
  const entries = cells.map(({split, count, correct, accuracy, low, high}) => [
    split,
    {count, correct, accuracy: accuracy / 100, ciLow: low / 100, ciHigh: high / 100},
  ])
  return {name, splits: Object.fromEntries(entries)}
}
