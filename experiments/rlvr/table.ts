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
    sampled: bySeed('mean accuracy of a sample, %', of(sampled), ([row]) => shareWithInterval(row), paper),
    greedy: bySeed('greedy accuracy, %', of(greedy), ([row]) => shareWithInterval(row)),
    pass: bySeed('pass@8, %', of(pass8), ([row]) => shareWithInterval(row)),
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
    const {pass_at, pass_at_low, pass_at_high, count} = neededRow(evaluation, evaluated, 'all')
    const estimate = (k: number) => {
      const interval = {ci_low: pass_at_low?.[k] ?? null, ci_high: pass_at_high?.[k] ?? null}
      return {value: pass_at![k], ...interval, count, split: 'all', seed}
    }
    return [
      {row: title, metric: greedy, split: 'all', ...accuracyOf(evaluation, evaluated, 'all'), paper: null, seed},
      {row: title, metric: sampled, ...estimate(1), paper},
      {row: title, metric: pass8, ...estimate(8), paper: null},
    ]
  })
}
