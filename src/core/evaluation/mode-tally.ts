import {type Difficulty, type Outcome, outcomes} from '../records/records.js'
import {type AccuracyOptions, AccuracyTally} from '../statistics/accuracy.js'
import {isInSplit, type Split} from '../statistics/split.js'
import type {PositionRows} from './predict.js'

/**
 * What rows and notes of an evaluation need to know of one mode, counted position by position: memory grows with the
 * documents, a little, and not with the predictions; no text stays.
 */
export class ModeTally {
  /** Positions predicted. */
  count = 0
  /** Of them, those whose greedy prediction is right. */
  correct = 0
  /** How the greedy completions ended; all 0 in mode standard, which has none. */
  readonly outcomes: Record<Outcome, number>
  /** Positions with a cut context, the tokens cut of them all, and of the one that lost most. */
  readonly cut = {count: 0, tokens: 0, most: 0}
  private readonly accuracy: AccuracyTally
  private readonly levels: Readonly<Record<Difficulty, {count: number; cutTokens: number}>>

  constructor(private readonly options: AccuracyOptions) {
    const none = () => ({count: 0, cutTokens: 0})
    this.accuracy = new AccuracyTally(options)
    this.levels = {none: none(), easy: none(), medium: none(), hard: none()}
    this.outcomes = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  }

  add([{doc_id: docId, split: difficulty, correct, outcome, cut_tokens}, ...sampled]: PositionRows): void {
    const samples = {count: sampled.length, correct: sampled.filter((row) => row.correct).length}
    this.accuracy.add({docId, difficulty, correct, samples})
    this.count++
    if (correct) this.correct++
    if (outcome !== null) this.outcomes[outcome]++
    const level = this.levels[difficulty]
    level.count++
    level.cutTokens += cut_tokens
    if (cut_tokens > 0) this.cut.count++
    this.cut.tokens += cut_tokens
    this.cut.most = Math.max(this.cut.most, cut_tokens)
  }

  /** Accuracy with interval of every split that has positions. */
  bySplit() {
    return this.accuracy.bySplit().filter(({count}) => count > 0)
  }

  /** Tokens cut from the contexts of a split, on average. */
  meanCut(split: Split): number {
    const members = (Object.keys(this.levels) as Difficulty[])
      .filter((difficulty) => isInSplit(difficulty, split, this.options.rule))
      .map((difficulty) => this.levels[difficulty])
    const sumOf = (read: (level: (typeof members)[number]) => number) =>
      members.reduce((sum, level) => sum + read(level), 0)
    return sumOf(({cutTokens}) => cutTokens) / sumOf(({count}) => count)
  }
}
