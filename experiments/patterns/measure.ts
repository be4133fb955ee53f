import {patternNames} from '../../src/core/analysis/patterns.js'
import {ResponseTally} from '../../src/core/analysis/response-tally.js'
import {relativeChange} from '../../src/core/statistics/relative-change.js'
import type {PredictionRow} from '../../src/core/tables/index.js'
import type {ResultRow} from '../result-table.js'

/** The metrics of the result: shares of the two sides, and the change from the first to the second. */
export const [solving, predicting, change] = ['solving', 'next-token reasoning', 'change']

/** The row of the mean length of a thought. */
export const words = 'words of a thought'

/** Relative changes of the paper (section 4.5); it prints no others. */
export const changesInPaper: Readonly<Partial<Record<string, number>>> = {hypothesis: 1.618, deduction: 0.262}

/** What is looked at of a completion. */
export type Response = Pick<PredictionRow, 'cluster' | 'completion_text'>

/** Responses of both sides, at least one each -> rows of the result; a change from nothing has no row. */
export function resultRows(solved: readonly Response[], predicted: readonly Response[]): ResultRow[] {
  const [before, after] = [tallyOf(solved), tallyOf(predicted)]
  const changes = patternNames.flatMap((row): ResultRow[] => {
    const {change: value, ciLow, ciHigh} = relativeChange(before.scoresOf(row), after.scoresOf(row))
    if (value === null) return []
    const count = before.responses + after.responses
    return [
      {
        row,
        metric: change,
        split: 'all',
        value,
        ...ends(ciLow, ciHigh),
        paper: changesInPaper[row] ?? null,
        count,
        seed: 0,
      },
    ]
  })
  return [...sideRows(solving, before), ...sideRows(predicting, after), ...changes]
}

function sideRows(metric: string, tally: ResponseTally): ResultRow[] {
  const shared = {metric, split: 'all', paper: null, count: tally.responses, seed: 0}
  const shares = patternNames.map((row): ResultRow => {
    const {accuracy, ciLow, ciHigh} = tally.shareOf(row)
    return {row, value: accuracy, ...ends(ciLow, ciHigh), ...shared}
  })
  return [...shares, {row: words, value: tally.facts()!.words, ci_low: null, ci_high: null, ...shared}]
}

function tallyOf(responses: readonly Response[]): ResponseTally {
  const tally = new ResponseTally()
  for (const {cluster, completion_text: text} of responses) tally.add({cluster, text: text ?? ''})
  return tally
}

/** Ends of an interval; null where there is none, or it is infinite. */
function ends(low: number, high: number): Pick<ResultRow, 'ci_low' | 'ci_high'> {
  const [ci_low, ci_high] = [low, high].map((end) => (Number.isFinite(end) ? end : null))
  return {ci_low, ci_high}
}
