import type {SplitRule} from '../config/names.js'
import {difficulties} from '../records/records.js'

/** `all` holds every position that has any split; the other three are the paper's. */
export const splits = ['all', 'easy', 'medium', 'hard'] as const

/** A name in `splits`. */
export type Split = (typeof splits)[number]

/** What an accuracy is about: the items of some strata. */
export interface SplitOfStrata {
  readonly name: string
  readonly strata: readonly string[]
}

/** The splits of positions as sets of difficulties. */
export function splitsOf(rule: SplitRule): SplitOfStrata[] {
  return splits.map((name) => ({
    name,
    strata: difficulties.filter((difficulty) => isInSplit(difficulty, name, rule)),
  }))
}

/** Whether an item of a stratum belongs to a split; strata of other tasks belong to `all` alone. */
export function isInSplit(stratum: string, split: Split, rule: SplitRule): boolean {
  if (split === 'all') return stratum !== 'none'
  return rule === 'nested' ? rankOf(stratum) >= rankOf(split) : stratum === split
}

function rankOf(name: string): number {
  return (difficulties as readonly string[]).indexOf(name)
}
