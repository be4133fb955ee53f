import {join} from 'node:path'
import {controlRows, controlTables} from '../controls.js'
import {bySeed, percent, rowOf, shareWithInterval, table} from '../markdown.js'
import {publish} from '../publish.js'
import type {ResultRow} from '../result-table.js'
import {accuracyRows, isReasoning, type Line} from '../rows.js'
import {configsOf} from '../stages.js'

const categories = ['dial', 'team', 'robot'] as const

/** The lines, with the paper's overall accuracies: of MMLU-Pro, and of SuperGPQA. */
const lines: readonly (Line & {readonly superGpqa: number | null})[] = [
  {title: 'base, standard', evaluated: {run: 'base', step: 0, mode: 'standard'}, paper: {all: 0.484}, superGpqa: 0.32},
  {
    title: 'base, reasoning',
    evaluated: {run: 'base', step: 0, mode: 'reasoning'},
    paper: {all: 0.689},
    superGpqa: 0.361,
  },
  {title: 'RPT, standard', evaluated: {run: 'rpt', step: 160, mode: 'standard'}, superGpqa: null},
  {
    title: 'RPT, reasoning',
    evaluated: {run: 'rpt', step: 160, mode: 'reasoning'},
    paper: {all: 0.711},
    superGpqa: 0.39,
  },
]

/** Reads the finished runs of all seeds, and publishes what they found. */
export function publishMultipleChoice(folders: readonly string[]): void {
  const rows = folders.flatMap((folder, seed) => rowsOfSeed(join(folder, 'eval'), seed))
  publish('multiple-choice', {rows, configs: [configsOf('multiple-choice', 'eval')[1]], tables: tablesOf(rows)})
}

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  const of = (metric: string) => rows.filter((row) => row.metric === metric)
  const overall = (metric: string, title: string) =>
    bySeed(
      `${title}, %`,
      of(metric).filter(({split}) => split === 'all'),
      ([row]) => shareWithInterval(row),
    )
  return {
    all: overall('accuracy', 'all questions'),
    categories: bySeed(`${categories.join(' / ')}, %`, of('accuracy'), (own) =>
      categories.map((category) => percent(rowOf(own, category).value)).join(' / '),
    ),
    controls: controlTables(rows, (_, metric, title) => overall(metric, `${title}: all questions`)),
    paper: table(
      ['the paper, %', 'MMLU-Pro', 'SuperGPQA'],
      lines
        .filter(({paper}) => paper)
        .map(({title, paper, superGpqa}) => [title, percent(paper!.all!), percent(superGpqa!)]),
    ),
  }
}

function rowsOfSeed(evaluation: string, seed: number): ResultRow[] {
  return [
    ...accuracyRows(evaluation, lines, seed, {ofSplits: ['all', ...categories]}),
    ...controlRows(evaluation, lines.filter(isReasoning), seed, ['all']),
  ]
}
