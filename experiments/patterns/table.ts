import {patternNames} from '../../src/core/analysis/patterns.js'
import {percent, signed, table} from '../markdown.js'
import {publish} from '../publish.js'
import {sampledPredictions} from '../real-model.js'
import type {ResultRow} from '../result-table.js'
import {configsOf} from '../stages.js'
import {change, changesInPaper, predicting, resultRows, solving, words} from './measure.js'

/** Reads the finished evaluations, and publishes what they found. */
export function publishPatterns(questions: string, positions: string): void {
  const rows = resultRows(sampledPredictions(questions), sampledPredictions(positions))
  const configs = ['prepare', 'questions', 'positions'].map((name) => configsOf('patterns', name)[1])
  publish('patterns', {rows, configs, tables: tablesOf(rows)})
}

/** The table of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  const find = (row: string, metric: string) => rows.find((one) => one.row === row && one.metric === metric)
  const lines = patternNames.map((name) => {
    const paper = changesInPaper[name]
    const shares = [solving, predicting].map((metric) => textOf(find(name, metric), percent))
    return [name, ...shares, textOf(find(name, change), signed), paper === undefined ? '-' : signed(paper)]
  })
  const lengths = [solving, predicting].map((metric) => textOf(find(words, metric), (value) => value.toFixed(1)))
  const head = ['responses with a keyword, %', solving, predicting, 'change, % of the first', 'change, paper']
  return {patterns: table(head, [...lines, [words, ...lengths, '-', '-']])}
}

/** A number with its interval; `...` stands for an end that is infinite. */
function textOf(row: ResultRow | undefined, format: (value: number) => string): string {
  if (!row) return '-'
  const {value, ci_low: low, ci_high: high} = row
  return low === null ? format(value) : `${format(value)} [${format(low)}, ${high === null ? '...' : format(high)}]`
}
