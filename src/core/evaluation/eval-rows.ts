import type {EvalMode} from '../config/names.js'
import {shapeOfModel} from '../objectives/objective.js'
import type {Estimate, SplitAccuracy} from '../statistics/accuracy.js'
import type {EvalRow} from '../tables/index.js'
import type {Task} from '../tasks/task.js'
import {ComputeMeter, type ModeCompute} from './compute-meter.js'
import {ModeTally} from './mode-tally.js'
import type {Predictor} from './predict.js'
import {promptSettings} from './prompt-settings.js'

/** Which checkpoint rows are about. */
export interface Subject {
  readonly run: string
  readonly objective: string
  readonly checkpoint: string
  readonly step: number
}

/** Counts the predictions of one mode as the configuration asks for. */
export function modeTally({config, model, task: {strata, splits}}: Predictor): ModeTally {
  const {bootstraps, samples, passAtK} = config.eval
  const ks = passAtK.length > 0 ? passAtK : samples > 0 ? [samples] : []
  return new ModeTally({strata, splits, ks, bootstraps, seed: config.seed}, shapeOfModel(model))
}

/** Counts what the predictions of one mode take. */
export function computeMeter({model}: Predictor): ComputeMeter {
  return new ComputeMeter(shapeOfModel(model))
}

/** predictions of one mode -> its rows of `eval.arrow`: accuracy with interval, split by split; empty splits have none. */
export function evalRows(
  predictor: Predictor,
  subject: Subject,
  mode: EvalMode,
  predicted: ModeTally,
  spent: ModeCompute,
): EvalRow[] {
  const leftOut = leftOutOf(predictor.task)
  const prompt_settings = JSON.stringify(promptSettings(predictor, mode))
  return predicted.bySplit().map((row) => {
    const means = predicted.meansOf(row.split)
    return {
      ...subject,
      mode,
      ...measured(row),
      seed: predictor.config.seed,
      ...countedAsWrong(row, leftOut),
      cut_tokens: means.cutTokens,
      prompt_settings,
      prompt_tokens: means.promptTokens,
      written_tokens: means.writtenTokens,
      flops: means.flops,
      answer_tokens: means.answerTokens,
      mode_flops_generation: spent.flops_generation,
      mode_flops_scoring: spent.flops_scoring,
      mode_tokens: spent.tokens,
      mode_seconds: spent.step_seconds,
    }
  })
}

function measured({split, count, correct, accuracy, ciLow, ciHigh, passAt}: SplitAccuracy) {
  const largest = passAt && Object.values(passAt).at(-1)!
  const byK = (read: (estimate: Estimate) => number) =>
    passAt && Object.fromEntries(Object.entries(passAt).map(([k, estimate]) => [k, read(estimate)]))
  const hasInterval = largest !== null && !Number.isNaN(largest.ciLow)
  return {
    split,
    count,
    correct,
    accuracy,
    ci_low: Number.isNaN(ciLow) ? null : ciLow,
    ci_high: Number.isNaN(ciHigh) ? null : ciHigh,
    pass_at_k: largest?.accuracy ?? null,
    pass_at: byK(({accuracy}) => accuracy),
    pass_at_low: hasInterval ? byK(({ciLow}) => ciLow) : null,
    pass_at_high: hasInterval ? byK(({ciHigh}) => ciHigh) : null,
  }
}

/** Held-out items of a split: those that the data leave out, and all. */
interface LeftOutOfSplit {
  readonly inexpressible: number
  readonly all: number
}

/** Of every split of the data, limit or not; null where the data do not tell what was left out. */
function leftOutOf(task: Task<unknown>): ((split: string) => LeftOutOfSplit) | null {
  const counts = task.leftOut?.()
  if (!counts) return null
  return (split) => {
    const {strata} = task.splits.find(({name}) => name === split)!
    const within = (items: Readonly<Record<string, number>>) => strata.reduce((sum, stratum) => sum + items[stratum], 0)
    const inexpressible = within(counts.leftOut)
    return {inexpressible, all: inexpressible + within(counts.kept)}
  }
}

/** What the accuracy would be with every item that was left out, and not only a sample's share, counted as wrong. */
function countedAsWrong({split, accuracy}: SplitAccuracy, leftOut: ReturnType<typeof leftOutOf>) {
  if (!leftOut) return {inexpressible: null, accuracy_if_wrong: null}
  const {inexpressible, all} = leftOut(split)
  return {inexpressible, accuracy_if_wrong: accuracy * (1 - inexpressible / all)}
}
