import {controls} from '../controls.js'
import {type Evaluated, splits} from '../results.js'
import {neededRow} from '../rows.js'
import type {Accuracy, Controlled} from './render.js'

/** Accuracy on every split of what was evaluated in a folder; percentages. */
export function accuraciesOf(evaluation: string, evaluated: Evaluated): Accuracy[] {
  return splits.map((split) => {
    const {accuracy, ci_low, ci_high, count, correct} = neededRow(evaluation, evaluated, split)
    return {split, count, correct, accuracy: percent(accuracy), low: percent(ci_low!), high: percent(ci_high!)}
  })
}

/** The same under every control, of a line that reasons. */
export function controlledOf(evaluation: string, title: string, {run, step}: Omit<Evaluated, 'mode'>): Controlled[] {
  return controls.map(({mode, title: thought}) => ({
    title,
    thought,
    splits: accuraciesOf(evaluation, {run, step, mode}),
  }))
}

/** A share as a percentage of one decimal. */
export function percent(share: number): number {
  return Number((100 * share).toFixed(1))
}
