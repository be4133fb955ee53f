import {join} from 'node:path'
import {controlRows, controlTables} from '../controls.js'
import {bySeed, percent, shareWithInterval} from '../markdown.js'
import {publish} from '../publish.js'
import type {ResultRow} from '../result-table.js'
import {accuracyRows, neededRow} from '../rows.js'
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
    controls: controlTables(rows, (_, metric, title) =>
      bySeed(`${title}: greedy accuracy, %`, of(metric), ([row]) => shareWithInterval(row)),
    ),
  }
}

function rowsOfSeed(evaluation: string, seed: number): ResultRow[] {
  const moments = starts.flatMap(({name, title, step, paper}) => [
    {title: `${title}, before`, evaluated: {run: name, step, mode: 'reasoning'}, sampledInPaper: paper.before},
    {
      title: `${title}, after`,
      evaluated: {run: `rlvr-${name}`, step: rlvrSteps, mode: 'reasoning'},
      sampledInPaper: paper.after,
    },
  ])
  const samples = moments.flatMap(({title, evaluated, sampledInPaper}): ResultRow[] => {
    const {pass_at, pass_at_low, pass_at_high, count} = neededRow(evaluation, evaluated, 'all')
    const estimate = (k: number) => {
      const interval = {ci_low: pass_at_low?.[k] ?? null, ci_high: pass_at_high?.[k] ?? null}
      return {value: pass_at![k], ...interval, count, split: 'all', seed}
    }
    return [
      {row: title, metric: sampled, ...estimate(1), paper: sampledInPaper},
      {row: title, metric: pass8, ...estimate(8), paper: null},
    ]
  })
  const ofSplits = ['all']
  return [
    ...accuracyRows(evaluation, moments, seed, {ofSplits}),
    ...samples,
    ...controlRows(evaluation, moments, seed, ofSplits),
  ]
}
