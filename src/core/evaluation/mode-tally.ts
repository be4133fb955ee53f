import {type ModelShape, rolloutFlops} from '../models/flops.js'
import {type Outcome, outcomes} from '../records/records.js'
import {type AccuracyOptions, AccuracyTally} from '../statistics/accuracy.js'
import type {ItemPredictions} from '../tasks/task.js'
import {sumOf} from '../util/means.js'

/** Sums over the greedy predictions of a stratum. */
interface StratumSums {
  count: number
  /** Tokens cut from the contexts. */
  cutTokens: number
  promptTokens: number
  /** Thoughts and answers. */
  writtenTokens: number
  flops: number
  /** Predictions that have an answer, and the tokens of these answers. */
  answers: number
  answerTokens: number
}

/** Means over the greedy predictions of a split; of the answers, null where none has one. */
type SplitMeans = Omit<StratumSums, 'count' | 'answers' | 'answerTokens'> & {readonly answerTokens: number | null}

const nothing: StratumSums = {
  count: 0,
  cutTokens: 0,
  promptTokens: 0,
  writtenTokens: 0,
  flops: 0,
  answers: 0,
  answerTokens: 0,
}

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
  private readonly strata: ReadonlyMap<string, StratumSums>

  /** @param shape of the model, that FLOPs are counted from */
  constructor(
    private readonly options: AccuracyOptions,
    private readonly shape: ModelShape,
  ) {
    this.accuracy = new AccuracyTally(options)
    this.strata = new Map(options.strata.map((stratum) => [stratum, {...nothing}]))
    this.outcomes = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  }

  add({facts: {cluster, stratum}, predictions: [greedy, ...sampled]}: ItemPredictions): void {
    const {correct, outcome, answerTokens, cutTokens, lengths} = greedy
    const samples = {count: sampled.length, correct: sampled.filter((one) => one.correct).length}
    this.accuracy.add({cluster, stratum, correct, samples})
    this.count++
    if (correct) this.correct++
    if (outcome !== null) this.outcomes[outcome]++
    const own = this.strata.get(stratum)!
    own.count++
    own.cutTokens += cutTokens
    own.promptTokens += lengths.promptTokens
    // Without a completion nothing is written: the one token is what the next would be.
    if (outcome !== null) own.writtenTokens += sumOf(lengths.completionTokens)
    own.flops += rolloutFlops(this.shape, [lengths])
    if (answerTokens !== null) own.answers++
    own.answerTokens += answerTokens ?? 0
    if (cutTokens > 0) this.cut.count++
    this.cut.tokens += cutTokens
    this.cut.most = Math.max(this.cut.most, cutTokens)
  }

  /** Accuracy with interval of every split that has items. */
  bySplit() {
    return this.accuracy.bySplit().filter(({count}) => count > 0)
  }

  meansOf(split: string): SplitMeans {
    const {strata} = this.options.splits.find(({name}) => name === split)!
    const members = strata.map((stratum) => this.strata.get(stratum)!)
    const total = (name: keyof StratumSums) => sumOf(members.map((own) => own[name]))
    const [count, answers] = [total('count'), total('answers')]
    return {
      cutTokens: total('cutTokens') / count,
      promptTokens: total('promptTokens') / count,
      writtenTokens: total('writtenTokens') / count,
      flops: total('flops') / count,
      answerTokens: answers > 0 ? total('answerTokens') / answers : null,
    }
  }
}
