import type {Difficulty} from '../records/records.js'

/** `all` holds every position that has any split; the other three are the paper's. */
export const splits = ['all', 'easy', 'medium', 'hard'] as const

/** A name in `splits`. */
export type Split = (typeof splits)[number]

/** Nested: hard within medium within easy, as the paper's thresholds read literally. Disjoint: bins between thresholds. */
export type SplitRule = 'nested' | 'disjoint'

const rank: Readonly<Record<Difficulty, number>> = {none: 0, easy: 1, medium: 2, hard: 3}

/** Whether a position that reaches `difficulty` belongs to `split`. */
export function isInSplit(difficulty: Difficulty, split: Split, rule: SplitRule): boolean {
  if (split === 'all') return difficulty !== 'none'
  return rule === 'nested' ? rank[difficulty] >= rank[split] : difficulty === split
}
