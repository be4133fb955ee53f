/** What a failed command tells its caller through the exit status (see docs/reference/exit-codes.md). */
export const ExitCode = {
  done: 0,
  internal: 1,
  usage: 2,
  data: 3,
  numeric: 4,
  interrupted: 130,
} as const

/** A status in the table of the same name. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** What may accompany an error: things to try, and the error that caused it. */
export interface ErrorDetails {
  readonly suggestions?: readonly string[]
  readonly cause?: unknown
}

/**
 * Base of every error that `rpt` raises on purpose.
 *
 * The message says what was being done, the value seen and the value expected; `suggestions` say what to try.
 */
export abstract class RptError extends Error {
  abstract readonly exitCode: ExitCode
  readonly suggestions: readonly string[]

  constructor(message: string, {suggestions = [], cause}: ErrorDetails = {}) {
    super(message, {cause})
    this.name = new.target.name
    this.suggestions = suggestions
  }
}

/** A flag, a config key or a directory that the user can put right. */
export class UsageError extends RptError {
  readonly exitCode = ExitCode.usage
}

/** Documents, tables, a tokenizer or a checkpoint that cannot be used as they are. */
export class DataError extends RptError {
  readonly exitCode = ExitCode.data
}

/** A numeric gate: a loss or gradient that is not finite, log-probabilities that disagree. */
export class NumericError extends RptError {
  readonly exitCode = ExitCode.numeric
}

/** The disk, the device or onnxruntime refused. */
export class RuntimeFailure extends RptError {
  readonly exitCode = ExitCode.internal
}

/** A broken invariant of our own graphs: shapes, types, gradient rules. */
export class GraphError extends RptError {
  readonly exitCode = ExitCode.internal
}

/** The user asked to stop and everything was saved. */
export class Interrupted extends RptError {
  readonly exitCode = ExitCode.interrupted
}
