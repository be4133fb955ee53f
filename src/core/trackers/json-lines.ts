import {appendedFile} from './appended-file.js'
import type {TrackerKind} from './tracker.js'

/** One JSON object a step, with the columns of metrics.arrow. */
export const jsonLines: TrackerKind = {
  file: 'metrics.jsonl',
  open: (path, rows) => appendedFile(path, new Uint8Array(0), rows, (row) => Buffer.from(`${JSON.stringify(row)}\n`)),
}
