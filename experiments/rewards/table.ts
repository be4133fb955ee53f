import {join} from 'node:path'
import {controlRows, controlTables} from '../controls.js'
import {accuracyTable, bySeed, differenceTable} from '../markdown.js'
import {publish} from '../publish.js'
import type {ResultRow} from '../result-table.js'
import {accuracyRows, differenceRows, type Line, neededRow, numberRow} from '../rows.js'
import {configsOf} from '../stages.js'
import {rewards} from './rewards.js'

const written = 'tokens written'
const reasoning = (run: string, step: number) => ({run, step, mode: 'reasoning'})
const base: Line = {title: 'base', evaluated: reasoning('base', 0)}
const lines: readonly Line[] = rewards.map(({name, title}) => ({title, evaluated: reasoning(name, 160)}))

/** Reads the finished runs of all seeds, and publishes what they found. */
export function publishRewards(folders: readonly string[]): void {
  const rows = folders.flatMap((folder, seed) => rowsOfSeed(join(folder, 'eval'), seed))
  const configs = [configsOf('tiny', 'rpt')[1], configsOf('rewards', 'eval')[1]]
  publish('rewards', {rows, configs, tables: tablesOf(rows)})
}

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  return {
    accuracy: accuracyTable(rows),
    differences: differenceTable(rows, 'it minus prefix-match', 'minus prefix-match'),
    controls: controlTables(rows),
    written: bySeed(
      written,
      rows.filter(({metric}) => metric === written),
      ([row]) => row.value.toFixed(1),
    ),
  }
}

function rowsOfSeed(evaluation: string, seed: number): ResultRow[] {
  const [first, ...others] = lines
  return [
    ...accuracyRows(evaluation, [base, ...lines], seed),
    ...others.flatMap((line) =>
      differenceRows(evaluation, line.evaluated, [{...first, title: line.title}], {
        metric: 'it minus prefix-match',
        seed,
      }),
    ),
    ...controlRows(evaluation, [base, ...lines], seed),
    ...[base, ...lines].map(({title, evaluated}) =>
      numberRow(title, {metric: written, seed}, neededRow(evaluation, evaluated, 'all').written_tokens!),
    ),
  ]
}
