import {metricsTable} from '../tables/index.js'
import {appendedFile} from './appended-file.js'
import type {TrackerKind} from './tracker.js'

const columns = Object.keys(metricsTable.columns)

/** One JSON object a step, with the columns of metrics.arrow in their order, whether the row comes from there or from a step. */
export const jsonLines: TrackerKind = {
  file: 'metrics.jsonl',
  open: (path, rows) =>
    appendedFile(path, new Uint8Array(0), rows, (row) => Buffer.from(`${JSON.stringify(row, columns)}\n`)),
}
