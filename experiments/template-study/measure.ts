import {endTag} from '../../src/core/prompts/templates.js'
import {lastBox} from '../../src/core/rewards/last-box.js'
import {accuracyOfScores} from '../../src/core/statistics/interval.js'
import {passAtK} from '../../src/core/statistics/pass-at-k.js'
import type {EvalRow, PredictionRow} from '../../src/core/tables/index.js'
import {groupBy} from '../../src/core/util/group-by.js'
import {type Control, controls} from '../controls.js'
import type {ResultRow} from '../result-table.js'
import {type Studied, type Variant, variants} from './study.js'

/** What is looked at of a sampled completion. */
export type Sampled = Pick<PredictionRow, 'doc_id' | 'position' | 'item' | 'cluster' | 'correct' | 'completion_text'>

/** Whether a box of a completion's position holds a right prediction (Eq. 3). */
export type IsRight = (sample: Sampled, box: Uint8Array) => boolean

/** The name of the row without a thought. */
export const argMax = 'arg max without a thought'

/** The name of a result's row: a template and how it was put. */
export function rowName(template: string, variant: Variant): string {
  return variant === 'asked' ? template : `${template}, ${variants[variant].title}`
}

/**
 * Samples of one template -> rows of the result.
 *
 * - `random@1`, `pass@8`: as the paper grades, where a box counts behind a thought that ended.
 * - `random@1, box`, `pass@8, box`: with the last box wherever it stands, or the one that the prompt began.
 * - `ended`, `boxed`: shares of the samples that end a thought, and that hold such a box.
 *
 * @param samples as many of each position, at least 8
 */
export function resultRows(
  {name, random1, pass8}: Studied,
  variant: Variant,
  samples: readonly Sampled[],
  isRight: IsRight,
): ResultRow[] {
  const {isPaperGraded} = variants[variant]
  const {isBoxed, isRightBox} = gradingOf(variant, isRight)
  const isPaper = variant === 'asked'
  const row = rowName(name, variant)
  const graded = [
    estimate({row, metric: 'random@1', paper: isPaper ? random1 : null}, samples, ({correct}) => correct, 1),
    estimate({row, metric: 'pass@8', paper: isPaper ? pass8 : null}, samples, ({correct}) => correct, 8),
    estimate({row, metric: 'ended', paper: null}, samples, (sample) => textOf(sample).includes(endTag), 1),
  ]
  return [
    ...(isPaperGraded ? graded : []),
    estimate({row, metric: 'random@1, box', paper: null}, samples, isRightBox, 1),
    estimate({row, metric: 'pass@8, box', paper: null}, samples, isRightBox, 8),
    estimate({row, metric: 'boxed', paper: null}, samples, isBoxed, 1),
  ]
}

/**
 * Greedy answers of one template behind the thoughts of its controls -> rows of the result: how many are right, how many
 * hold a box, and how many hold a right one. A right box does not count as an answer where the text is cut behind it.
 *
 * @param answers of each control of the variant, one of each position
 */
export function controlRows(
  {name}: Studied,
  variant: Variant,
  answers: (control: Control) => readonly Sampled[],
  isRight: IsRight,
): ResultRow[] {
  const {isBoxed, isRightBox} = gradingOf(variant, isRight)
  const row = rowName(name, variant)
  return variants[variant].controls.flatMap((control) => {
    const own = answers(control)
    return [
      estimate({row, metric: control.metric, paper: null}, own, ({correct}) => correct, 1),
      estimate({row, metric: boxedUnder(control), paper: null}, own, isBoxed, 1),
      estimate({row, metric: rightBoxUnder(control), paper: null}, own, isRightBox, 1),
    ]
  })
}

/** The metric of the share of answers that hold a box under a control. */
export function boxedUnder({title}: Pick<Control, 'title'>): string {
  return `boxed, ${title}`
}

/** The metric of the share of answers whose last box is right. */
export function rightBoxUnder({title}: Pick<Control, 'title'>): string {
  return `right box, ${title}`
}

/** Whether a row tells of a control. */
export function isOfControl({metric}: Pick<ResultRow, 'metric'>): boolean {
  return controls.some((control) => [control.metric, boxedUnder(control), rightBoxUnder(control)].includes(metric))
}

function textOf({completion_text}: Sampled): Buffer {
  return Buffer.from(completion_text ?? '')
}

/** How the boxes of a variant are graded: the last one wherever it stands, or the one that the prompt began. */
function gradingOf(variant: Variant, isRight: IsRight) {
  const boxOf = (sample: Sampled) =>
    variants[variant].isPaperGraded ? (lastBox(textOf(sample))?.content ?? null) : begunBox(textOf(sample))
  return {
    isBoxed: (sample: Sampled) => boxOf(sample) !== null,
    isRightBox(sample: Sampled) {
      const box = boxOf(sample)
      return box !== null && isRight(sample, box)
    },
  }
}

/** The content of a box of which the prompt holds the beginning: up to the brace that closes it; null where none does. */
export function begunBox(text: Buffer): Buffer | null {
  let depth = 1
  for (const [at, byte] of text.entries()) {
    if (byte === open) depth++
    if (byte === close && --depth === 0) return text.subarray(0, at)
  }
  return null
}

const [open, close] = Buffer.from('{}')

/** What the model predicts without a thought, on the same positions. */
export function argMaxRow({accuracy, ci_low, ci_high, count, seed}: EvalRow): ResultRow {
  return {row: argMax, metric: 'accuracy', split: 'all', value: accuracy, ci_low, ci_high, paper: null, count, seed}
}

/** Mean over positions of the unbiased estimate of pass@k, with its interval over documents; k = 1 is the mean share. */
function estimate(
  named: Pick<ResultRow, 'row' | 'metric' | 'paper'>,
  samples: readonly Sampled[],
  isHit: (sample: Sampled) => boolean,
  k: number,
): ResultRow {
  const positions = [...groupBy(samples, ({item}) => item).values()]
  const {accuracy, ciLow, ciHigh} = accuracyOfScores(
    positions.map((own) => ({
      docId: own[0].cluster,
      count: 1,
      correct: passAtK({count: own.length, correct: own.filter(isHit).length, k}),
    })),
  )
  const [ci_low, ci_high] = [ciLow, ciHigh].map((end) => (Number.isNaN(end) ? null : end))
  const count = k === 1 ? samples.length : positions.length
  return {...named, split: 'all', value: accuracy, ci_low, ci_high, count, seed: 0}
}
