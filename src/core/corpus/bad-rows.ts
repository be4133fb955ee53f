import type {Config} from '../config/schema.js'
import {DataError} from '../util/errors.js'
import type {RowFault, RowReason} from './readers/row-fault.js'

/** Rows that are no documents: how many were left out, and why. Part of `summary.json` and `manifest.json`. */
export interface BadRowCounts {
  readonly left_out: number
  readonly reasons: Readonly<Partial<Record<RowReason, number>>>
}

/** What to do about rows that are no documents, and what became of them. */
export class BadRows {
  private readonly counts = new Map<RowReason, number>()
  private first: {readonly docId: string; readonly fault: RowFault} | null = null

  constructor(private readonly policy: Config['data']['onBadRow'] = 'error') {}

  /** Leaves a row out and counts it. @throws {DataError} with the setting that leaves such rows out, unless it is set */
  meet(docId: string, fault: RowFault): void {
    if (this.policy === 'error')
      throw withRemedy(fault, '--set data.onBadRow=skip leaves such rows out, and counts them')
    this.first ??= {docId, fault}
    this.counts.set(fault.reason, (this.counts.get(fault.reason) ?? 0) + 1)
  }

  /** Reasons in the order of their names. */
  get summary(): BadRowCounts {
    const sorted = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1))
    return {left_out: sorted.reduce((sum, [, count]) => sum + count, 0), reasons: Object.fromEntries(sorted)}
  }

  /** One line with the counts, the first row and what was wrong with it; null when no row was left out. */
  get warning(): string | null {
    if (!this.first) return null
    const {left_out: total, reasons} = this.summary
    const counts = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`)
    return `rows left out (data.onBadRow is skip): ${total} (${counts.join(', ')}); the first is ${this.first.docId}: ${this.first.fault.message}`
  }
}

function withRemedy({message, suggestions, cause}: RowFault, remedy: string): DataError {
  return new DataError(message, {suggestions: [...suggestions, remedy], cause})
}
