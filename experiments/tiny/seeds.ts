import {existsSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {difference, type Evaluated, evalRow, flopsOf, type SplitName, splits} from '../results.js'
import {config, makeBase, rpt} from './base.js'

/**
 * `npm run experiment:seeds`: the whole experiment with three seeds that change corpus, base model and RL, and the table
 * of `README.md`. What an interrupted run left is used again.
 */

const seeds = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [0, 1, 2]
const root = resolve('runs', 'tiny-seeds')

/** The lines of the table: name, run, step, mode. */
const lines = [
  ['base, standard', 'base', 0, 'standard'],
  ['base, reasoning', 'base', 0, 'reasoning'],
  ['RPT, reasoning', 'rpt', 160, 'reasoning'],
  ['RPT, uninformative thought forced', 'rpt', 160, 'forced-thought'],
  ['RPT, standard', 'rpt', 160, 'standard'],
  ['next-token training, equal updates', 'ntp', 160, 'standard'],
  ['next-token training, equal FLOPs', 'ntp', 570, 'standard'],
] as const

function runSeed(seed: number): string {
  const folder = join(root, `seed-${seed}`)
  const at = (name: string) => join(folder, name)
  const {corpus, model} = existsSync(at('base'))
    ? {corpus: at('corpus.jsonl'), model: at('base')}
    : makeBase(seed, folder)
  const common = ['--seed', String(seed)]
  const resume = (name: string) => ['--out', at(name), ...(existsSync(at(name)) ? ['--resume'] : [])]
  rpt('prepare-data', ...config('prepare'), '--documents', corpus, '--proxy', model, ...common, '--out', at('data'))
  const trained = ['--data', at('data'), '--model', model, ...common]
  rpt('train', ...config('rpt'), ...trained, ...resume('rpt'))
  rpt('train', ...config('ntp'), ...trained, ...resume('ntp'))
  const models = [model, at('ntp/checkpoints/step-000160'), at('ntp'), at('rpt')]
  const evaluated = ['--data', at('data'), '--set', `eval.models=${JSON.stringify(models)}`, ...common]
  rpt('eval', ...config('eval'), ...evaluated, ...resume('eval'))
  return folder
}

function accuracy(folder: string, line: (typeof lines)[number], split: SplitName): string {
  const row = evalRow(join(folder, 'eval'), evaluated(line), split)
  return row ? (100 * row.accuracy).toFixed(1) : '-'
}

function evaluated([, run, step, mode]: (typeof lines)[number]): Evaluated {
  return {run, step, mode}
}

const folders = seeds.map(runSeed)
const table = [
  `| easy / medium / hard, % | ${seeds.map((seed) => `seed ${seed}`).join(' | ')} |`,
  `|---|${seeds.map(() => '---|').join('')}`,
  ...lines.map((line) => {
    const cells = folders.map((folder) => splits.map((split) => accuracy(folder, line, split)).join(' / '))
    return `| ${line[0]} | ${cells.join(' | ')} |`
  }),
  ...[lines[0], lines[1], lines[3], lines[5], lines[6]].map((other) => {
    const cells = folders.map((folder, i) =>
      splits
        .map((split) => difference(join(folder, 'eval'), evaluated(lines[2]), evaluated(other), split, seeds[i]))
        .join(', '),
    )
    return `| RPT, reasoning - ${other[0]} | ${cells.join(' | ')} |`
  }),
  `| FLOPs: RPT; next-token training | ${folders.map((folder) => `${flopsOf(join(folder, 'rpt')).toExponential(2)}; ${flopsOf(join(folder, 'ntp')).toExponential(2)}`).join(' | ')} |`,
].join('\n')
writeFileSync(join(root, 'table.md'), `${table}\n`)
console.log(`\n${table}\n\nwritten to ${join(root, 'table.md')}`)
