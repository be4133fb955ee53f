import {join} from 'node:path'
import {bySeed, percent, rowOf, shareWithInterval, table} from '../markdown.js'
import {publish} from '../publish.js'
import type {ResultRow} from '../result-table.js'
import {accuracyOf} from '../rows.js'
import {configsOf} from '../stages.js'

const categories = ['dial', 'team', 'robot'] as const

/** The lines, with the paper's overall accuracies: of MMLU-Pro, and of SuperGPQA. */
const lines = [
  {title: 'base, standard', evaluated: {run: 'base', step: 0, mode: 'standard'}, paper: 0.484, superGpqa: 0.32},
  {title: 'base, reasoning', evaluated: {run: 'base', step: 0, mode: 'reasoning'}, paper: 0.689, superGpqa: 0.361},
  {title: 'RPT, standard', evaluated: {run: 'rpt', step: 160, mode: 'standard'}, paper: null, superGpqa: null},
  {title: 'RPT, reasoning', evaluated: {run: 'rpt', step: 160, mode: 'reasoning'}, paper: 0.711, superGpqa: 0.39},
] as const

/** Reads the finished runs of all seeds, and publishes what they found. */
export function publishMultipleChoice(folders: readonly string[]): void {
  const rows = folders.flatMap((folder, seed) => rowsOfSeed(join(folder, 'eval'), seed))
  publish('multiple-choice', {rows, configs: [configsOf('multiple-choice', 'eval')[1]], tables: tablesOf(rows)})
}

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  const all = rows.filter(({split}) => split === 'all')
  return {
    all: bySeed('all questions, %', all, ([row]) => shareWithInterval(row)),
    categories: bySeed(`${categories.join(' / ')}, %`, rows, (own) =>
      categories.map((category) => percent(rowOf(own, category).value)).join(' / '),
    ),
    paper: table(
      ['the paper, %', 'MMLU-Pro', 'SuperGPQA'],
      lines
        .filter(({paper}) => paper !== null)
        .map(({title, paper, superGpqa}) => [title, percent(paper!), percent(superGpqa!)]),
    ),
  }
}

function rowsOfSeed(evaluation: string, seed: number): ResultRow[] {
  return lines.flatMap(({title, evaluated, paper}) =>
    ['all', ...categories].map((split) => ({
      row: title,
      metric: 'accuracy',
      split,
      ...accuracyOf(evaluation, evaluated, split),
      paper: split === 'all' ? paper : null,
      seed,
    })),
  )
}
