import {accuracyTable} from './markdown.js'
import type {ResultRow} from './result-table.js'
import {accuracyRows, type Line} from './rows.js'

/**
 * A control of every line that reasons: the model gets a thought that computes nothing, and then predicts. What it still
 * gets right was not won by thinking.
 */
export interface Control {
  readonly mode: string
  readonly metric: string
  /** Of its table. */
  readonly title: string
}

/** Every control, in the order of the tables. */
export const controls: readonly Control[] = [
  {mode: 'forced-thought', metric: 'accuracy, idle thought', title: 'idle thought forced'},
  {mode: 'empty-thought', metric: 'accuracy, empty thought', title: 'empty thought forced'},
]

/** Accuracy of every line under each control; of lines that reason. */
export function controlRows(
  folder: string,
  lines: readonly Line[],
  seed: number,
  ofSplits?: readonly string[],
): ResultRow[] {
  return controls.flatMap(({mode, metric}) => {
    const controlled = lines.map(({title, evaluated}) => ({title, evaluated: {...evaluated, mode}}))
    return accuracyRows(folder, controlled, seed, {metric, ofSplits})
  })
}

/** One table after the other, for each control. */
export function controlTables(rows: readonly ResultRow[], tableOf = splitTable): string {
  return controls.map(({metric, title}) => tableOf(rows, metric, title)).join('\n\n')
}

function splitTable(rows: readonly ResultRow[], metric: string, title: string): string {
  return accuracyTable(rows, metric, `${title}: easy / medium / hard, %`)
}
