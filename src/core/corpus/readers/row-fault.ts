import {DataError, type ErrorDetails} from '../../util/errors.js'

/** Why a row is no document. */
export type RowReason =
  | 'bytes-changed'
  | 'columns'
  | 'empty'
  | 'half-surrogate'
  | 'missing'
  | 'no-truth'
  | 'not-json'
  | 'not-object'
  | 'not-text'
  | 'not-utf8'
  | 'null'
  | 'template'
  | 'too-long'
  | 'too-short'

/** One row cannot be used, while those after it can: `data.onBadRow` decides whether that ends the command. */
export class RowFault extends DataError {
  constructor(
    readonly reason: RowReason,
    message: string,
    details?: ErrorDetails,
  ) {
    super(message, details)
    // To the user it is one: the difference is ours.
    this.name = 'DataError'
  }
}

/** What `read` returns, or the fault of the row that it throws; anything else passes. */
export function orFault<T>(read: () => T): T | RowFault {
  try {
    return read()
  } catch (error) {
    if (error instanceof RowFault) return error
    throw error
  }
}
