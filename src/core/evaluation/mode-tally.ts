import {type Outcome, outcomes} from '../records/records.js'
import {type AccuracyOptions, AccuracyTally} from '../statistics/accuracy.js'
import type {ItemPredictions} from '../tasks/task.js'

/**
 * What rows and notes of an evaluation need to know of one mode, counted item by item: memory grows with the clusters, a
 * little, and not with the predictions; no text stays.
 */
export class ModeTally {
  /** Items predicted. */
  count = 0
  /** Of them, those whose greedy prediction is right. */
  correct = 0
  /** How the greedy completions ended; all 0 in mode standard, which has none. */
  readonly outcomes: Record<Outcome, number>
  /** Items with a cut context, the tokens cut of them all, and of the one that lost most. */
  readonly cut = {count: 0, tokens: 0, most: 0}
  private readonly accuracy: AccuracyTally
  private readonly strata: ReadonlyMap<string, {count: number; cutTokens: number}>

  constructor(private readonly options: AccuracyOptions) {
    this.accuracy = new AccuracyTally(options)
    this.strata = new Map(options.strata.map((stratum) => [stratum, {count: 0, cutTokens: 0}]))
    this.outcomes = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  }

  add({facts: {cluster, stratum}, predictions: [{correct, outcome, cutTokens}, ...sampled]}: ItemPredictions): void {
    const samples = {count: sampled.length, correct: sampled.filter((one) => one.correct).length}
    this.accuracy.add({cluster, stratum, correct, samples})
    this.count++
    if (correct) this.correct++
    if (outcome !== null) this.outcomes[outcome]++
    const own = this.strata.get(stratum)!
    own.count++
    own.cutTokens += cutTokens
    if (cutTokens > 0) this.cut.count++
    this.cut.tokens += cutTokens
    this.cut.most = Math.max(this.cut.most, cutTokens)
  }

  /** Accuracy with interval of every split that has items. */
  bySplit() {
    return this.accuracy.bySplit().filter(({count}) => count > 0)
  }

  /** Tokens cut from the contexts of a split, on average. */
  meanCut(split: string): number {
    const {strata} = this.options.splits.find(({name}) => name === split)!
    const members = strata.map((stratum) => this.strata.get(stratum)!)
    const sumOf = (read: (own: (typeof members)[number]) => number) => members.reduce((sum, own) => sum + read(own), 0)
    return sumOf(({cutTokens}) => cutTokens) / sumOf(({count}) => count)
  }
}
