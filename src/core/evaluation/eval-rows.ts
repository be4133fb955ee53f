import {heldOutInexpressible} from '../prepared/inexpressible.js'
import {splitRuleOf} from '../prepared/prepared.js'
import type {Difficulty} from '../records/records.js'
import type {SplitAccuracy} from '../statistics/accuracy.js'
import {isInSplit, type Split} from '../statistics/split.js'
import type {EvalRow} from '../tables/index.js'
import {ModeTally} from './mode-tally.js'
import type {EvalMode, Predictor} from './predict.js'
import {promptSettings} from './prompt-settings.js'

/** Which checkpoint rows are about. */
export interface Subject {
  readonly run: string
  readonly objective: string
  readonly checkpoint: string
  readonly step: number
}

/** Counts the predictions of one mode as the configuration asks for. */
export function modeTally({config, data}: Predictor): ModeTally {
  const {bootstraps, samples, passAtK} = config.eval
  const ks = passAtK.length > 0 ? passAtK : samples > 0 ? [samples] : []
  return new ModeTally({rule: splitRuleOf(data), ks, bootstraps, seed: config.seed})
}

/** predictions of one mode -> its rows of `eval.arrow`: accuracy with interval, split by split; empty splits have none. */
export function evalRows(predictor: Predictor, subject: Subject, mode: EvalMode, predicted: ModeTally): EvalRow[] {
  const leftOut = leftOutOf(predictor)
  const prompt_settings = JSON.stringify(promptSettings(predictor, mode))
  return predicted.bySplit().map((row) => ({
    ...subject,
    mode,
    ...measured(row),
    seed: predictor.config.seed,
    ...countedAsWrong(row, leftOut),
    cut_tokens: predicted.meanCut(row.split),
    prompt_settings,
  }))
}

function measured({split, count, correct, accuracy, ciLow, ciHigh, passAt}: SplitAccuracy) {
  const largest = passAt && Object.values(passAt).at(-1)!
  return {
    split,
    count,
    correct,
    accuracy,
    ci_low: Number.isNaN(ciLow) ? null : ciLow,
    ci_high: Number.isNaN(ciHigh) ? null : ciHigh,
    pass_at_k: largest,
    pass_at: passAt,
  }
}

/** Held-out positions of a split: those that no box can hold, and all. */
interface LeftOut {
  readonly inexpressible: number
  readonly all: number
}

/** Of every split of the data, limit or not; null where the data do not tell what was left out. */
function leftOutOf({data}: Predictor): ((split: Split) => LeftOut) | null {
  const inexpressible = heldOutInexpressible(data)
  if (!inexpressible) return null
  const rule = splitRuleOf(data)
  const kept: Record<Difficulty, number> = {none: 0, easy: 0, medium: 0, hard: 0}
  for (const {difficulty} of data.heldOutPositions) kept[difficulty]++
  const within = (counts: Readonly<Record<Difficulty, number>>, split: Split) =>
    (Object.keys(counts) as Difficulty[])
      .filter((difficulty) => isInSplit(difficulty, split, rule))
      .reduce((sum, difficulty) => sum + counts[difficulty], 0)
  return (split) => {
    const left = within(inexpressible, split)
    return {inexpressible: left, all: left + within(kept, split)}
  }
}

/** What the accuracy would be with every position that was left out, and not only a sample's share, counted as wrong. */
function countedAsWrong({split, accuracy}: SplitAccuracy, leftOut: ReturnType<typeof leftOutOf>) {
  if (!leftOut) return {inexpressible: null, accuracy_if_wrong: null}
  const {inexpressible, all} = leftOut(split)
  return {inexpressible, accuracy_if_wrong: accuracy * (1 - inexpressible / all)}
}
