import {join} from 'node:path'
import {bySeed, percent, shareWithInterval} from '../markdown.js'
import {publish} from '../publish.js'
import type {ResultRow} from '../result-table.js'
import {accuracyOf, neededRow} from '../rows.js'
import {configsOf} from '../stages.js'
import {rlvrSteps, starts} from './models.js'

const [greedy, sampled, pass8] = ['accuracy', 'random@1', 'pass@8']

/** Reads the finished runs of all seeds, and publishes what they found. */
export function publishRlvr(folders: readonly string[]): void {
  const rows = folders.flatMap((folder, seed) => rowsOfSeed(join(folder, 'eval'), seed))
  const configs = ['rlvr', 'eval'].map((name) => configsOf('rlvr', name)[1])
  publish('rlvr', {rows, configs, tables: tablesOf(rows)})
}

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  const of = (metric: string) => rows.filter((row) => row.metric === metric)
  const paper = {title: 'paper', cell: ([row]: readonly ResultRow[]) => percent(row.paper!)}
  return {
    sampled: bySeed('mean accuracy of a sample, %', of(sampled), ([row]) => percent(row.value), paper),
    greedy: bySeed('greedy accuracy, %', of(greedy), ([row]) => shareWithInterval(row)),
    pass: bySeed('pass@8, %', of(pass8), ([row]) => percent(row.value)),
  }
}

function rowsOfSeed(evaluation: string, seed: number): ResultRow[] {
  const moments = starts.flatMap(({name, title, step, paper}) => [
    {title: `${title}, before`, evaluated: {run: name, step, mode: 'reasoning'}, paper: paper.before},
    {
      title: `${title}, after`,
      evaluated: {run: `rlvr-${name}`, step: rlvrSteps, mode: 'reasoning'},
      paper: paper.after,
    },
  ])
  return moments.flatMap(({title, evaluated, paper}): ResultRow[] => {
    const {pass_at, count} = neededRow(evaluation, evaluated, 'all')
    const number = {ci_low: null, ci_high: null, count, split: 'all', seed}
    return [
      {row: title, metric: greedy, split: 'all', ...accuracyOf(evaluation, evaluated, 'all'), paper: null, seed},
      {row: title, metric: sampled, value: pass_at![1], ...number, paper},
      {row: title, metric: pass8, value: pass_at![8], ...number, paper: null},
    ]
  })
}
