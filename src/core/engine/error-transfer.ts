import {DataError, GraphError, NumericError, RptError, RuntimeFailure, UsageError} from '../util/errors.js'

/** An error as it crosses the thread boundary, which keeps no classes. */
export interface DescribedError {
  readonly name: string
  readonly message: string
  readonly suggestions: readonly string[]
  readonly stack?: string
}

const classes = {DataError, GraphError, NumericError, RuntimeFailure, UsageError}

/** An error in the form that crosses the thread boundary. */
export function describeError(error: unknown): DescribedError {
  const {name, message, stack} = error instanceof Error ? error : new Error(String(error))
  return {name, message, stack, suggestions: error instanceof RptError ? error.suggestions : []}
}

/** The error again, with its class where it is one of ours. */
export function reviveError({name, message, suggestions, stack}: DescribedError): Error {
  const ErrorClass = classes[name as keyof typeof classes] ?? RuntimeFailure
  const error = new ErrorClass(message, {suggestions})
  error.stack = stack
  return error
}
