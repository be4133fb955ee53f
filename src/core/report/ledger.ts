import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {ledgerTable, readRows} from '../tables/index.js'
import {countDraws, type Draws, ledgerFile} from '../training/ledger.js'
import {percent, plural, short} from './format.js'

/** How often the training items of a run were drawn and how they went, as plain data. */
export interface LedgerSummary {
  /** Items that may be drawn; null until the run is complete and has a ledger. */
  readonly items: number | null
  /** Items that were drawn at least once; the numbers below are of them. */
  readonly drawn: number
  readonly draws: number
  readonly always_right: number
  readonly never_right: number
  /** Never drawn in a group whose rewards differ. */
  readonly without_signal: number
}

/** The ledger of a run; counted from its rollouts where it is not complete. */
export function summarizeLedger(runPath: string): LedgerSummary {
  const file = join(runPath, ledgerFile)
  const isComplete = existsSync(file)
  const rows: Iterable<Draws> = isComplete ? readRows(file, ledgerTable) : countDraws(runPath).draws.values()
  const sums = {items: 0, drawn: 0, draws: 0, always_right: 0, never_right: 0, without_signal: 0}
  for (const {drawn, with_signal, completions, correct} of rows) {
    sums.items++
    if (drawn === 0) continue
    sums.drawn++
    sums.draws += drawn
    if (correct === completions) sums.always_right++
    if (correct === 0) sums.never_right++
    if (with_signal === 0) sums.without_signal++
  }
  return {...sums, items: isComplete ? sums.items : null}
}

/** The ledger in plain language. */
export function describeLedger({items, drawn, draws, ...counts}: LedgerSummary): string[] {
  const times = `${short(draws / drawn)} times each on average`
  const share = (count: number) => `${percent(count / drawn)}%`
  return [
    items === null
      ? `Ledger: ${plural(drawn, 'item')} drawn so far, ${times}; how many never were, ${ledgerFile} says when the run is complete.`
      : `Ledger: ${drawn} of ${plural(items, 'item')} drawn, ${times}; ${percent(1 - drawn / items)}% never.`,
    `Of those drawn, ${share(counts.always_right)} were always right and ${share(counts.never_right)} never; ` +
      `${share(counts.without_signal)} never had rewards that differ: they taught nothing.`,
  ]
}
