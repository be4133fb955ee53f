import {DataError, GraphError, NumericError, RptError, RuntimeFailure, UsageError} from '../util/errors.js'

/** An error as it crosses the thread boundary, which keeps no classes. */
export interface DescribedError {
  readonly name: string
  readonly message: string
  readonly suggestions: readonly string[]
  readonly stack?: string
  /** Of the file system or of Node.js. */
  readonly code?: string
}

const classes = {DataError, GraphError, NumericError, RuntimeFailure, UsageError}

/** An error in the form that crosses the thread boundary. */
export function describeError(error: unknown): DescribedError {
  const {name, message, stack, code}: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
  return {name, message, stack, code, suggestions: error instanceof RptError ? error.suggestions : []}
}

/** The error again, with its class where it is one of ours; another keeps its name and its code, by which it is told what it is. */
export function reviveError({name, message, suggestions, stack, code}: DescribedError): Error {
  const isOurs = Object.hasOwn(classes, name)
  const error = isOurs ? new classes[name as keyof typeof classes](message, {suggestions}) : new Error(message)
  return Object.assign(error, {name, stack}, code !== undefined && {code})
}
