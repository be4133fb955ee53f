import type {RowFault} from './row-fault.js'
import type {RowNames} from './row-names.js'
import type {RowContent, TextRule} from './text-of.js'

/** One row of a file. */
export interface RawRow {
  /** Counted from 1. */
  readonly row: number
  /** Or what is wrong with it. */
  readonly content: RowContent | RowFault
}

/**
 * Reads the rows of a file one by one; throws a `DataError` at what cannot be put down to a row.
 *
 * @param names of rows, for errors; readers of other files than JSON call them `<file>:<row>`
 */
export type Reader = (file: string, rule: TextRule, names: RowNames) => AsyncGenerator<RawRow>
