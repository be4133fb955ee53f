import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {type LedgerRow, ledgerTable, readRows} from '../tables/index.js'
import {countDraws, type Draws, ledgerFile} from '../training/ledger.js'
import {plural} from '../util/plural.js'
import {percent, short} from './format.js'

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

/** A training item with its counts. */
export type LedgerItem = Draws & Pick<LedgerRow, 'item' | 'split'>

/** The ledger of a run: all of it, each split, and the items that were asked for. */
export interface Ledger {
  readonly summary: LedgerSummary
  /** By split, in the order in which they come; none until the run is complete. */
  readonly splits: ReadonlyMap<string, LedgerSums>
  /** By name. */
  readonly items: ReadonlyMap<string, LedgerItem>
}

/** Counts over some items. */
export type LedgerSums = {[name in Exclude<keyof LedgerSummary, 'items'>]: number} & {items: number}

/** Reads the ledger of a run once. If the run is not complete, it is counted from the rollouts. */
export function readLedger(runPath: string, wanted: ReadonlySet<string> = new Set()): Ledger {
  const isComplete = existsSync(join(runPath, ledgerFile))
  const all = noItems()
  const splits = new Map<string, LedgerSums>()
  const items = new Map<string, LedgerItem>()
  for (const row of ledgerItems(runPath)) {
    count(row, all)
    if (isComplete && !splits.has(row.split)) splits.set(row.split, noItems())
    if (isComplete) count(row, splits.get(row.split)!)
    if (wanted.has(row.item)) items.set(row.item, row)
  }
  return {summary: {...all, items: isComplete ? all.items : null}, splits, items}
}

/** The items of a run one by one: all of them, or until the run is complete those that were drawn. */
export function ledgerItems(runPath: string): Iterable<LedgerItem> {
  const file = join(runPath, ledgerFile)
  return existsSync(file) ? readRows(file, ledgerTable) : drawnItems(runPath)
}

function* drawnItems(runPath: string): Generator<LedgerItem> {
  for (const [item, draws] of countDraws(runPath).draws) yield {item, split: '', ...draws}
}

function noItems(): LedgerSums {
  return {items: 0, drawn: 0, draws: 0, always_right: 0, never_right: 0, without_signal: 0}
}

function count({drawn, with_signal, completions, correct}: Draws, sums: LedgerSums): void {
  sums.items++
  if (drawn === 0) return
  sums.drawn++
  sums.draws += drawn
  if (correct === completions) sums.always_right++
  if (correct === 0) sums.never_right++
  if (with_signal === 0) sums.without_signal++
}

/** How one item went, in words. */
export function describeItem({drawn, with_signal, completions, correct, last_step}: Draws): string {
  return (
    `drawn ${plural(drawn, 'time')}, last in step ${last_step}; ${correct} of ${plural(completions, 'completion')} right; ` +
    `rewards differed in ${plural(with_signal, 'group')}`
  )
}

/** The ledger in plain language. */
export function describeLedger({items, drawn, draws, ...counts}: LedgerSummary): string[] {
  const mean = draws / drawn
  const times = `${mean === 1 ? 'once' : `${short(mean)} times`} each${mean === 1 ? '' : ' on average'}`
  const share = (count: number) => `${percent(count / drawn)}%`
  return [
    items === null
      ? `Ledger: ${plural(drawn, 'item')} drawn so far, ${times}; how many never were, ${ledgerFile} says when the run is complete.`
      : `Ledger: ${drawn} of ${plural(items, 'item')} drawn, ${times}; ${percent(1 - drawn / items)}% never.`,
    `Of those drawn, ${share(counts.always_right)} were always right and ${share(counts.never_right)} never; ` +
      `${share(counts.without_signal)} never had rewards that differ.`,
  ]
}
