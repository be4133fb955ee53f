import {ExitCode, RptError} from '../core/util/errors.js'
import {visible} from '../core/util/visible.js'

/** An error as the user meets it: in words on stderr, or as the JSON document `{error: ...}`. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly suggestions: readonly string[]
  readonly exit_code: number
}

/** What colours the parts of a failure; chalk's instances do. */
type Paint = Readonly<Record<'red' | 'yellow' | 'cyan', (text: string) => string>>

/** No colours, for where chalk is not loaded. */
export const unpainted: Paint = {red: String, yellow: String, cyan: String}

/** Operating system errors that storage is to blame for. */
const storageErrors: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space, or choose another --out',
  EDQUOT: 'free some of your quota, or choose another --out',
  EROFS: 'choose an --out that can be written',
  EACCES: 'check the permissions of the folder, or choose another --out',
  EPERM: 'check the permissions of the folder, or choose another --out',
  EIO: 'check the disk',
  EMFILE: 'raise the limit of open files (ulimit -n)',
}

/** V8's words for memory that the system does not give. */
const noMemory = /^Array buffer allocation failed/
const ofNoMemory = {
  name: 'RuntimeFailure',
  message: 'there is not enough memory: the system gave no more',
  suggestions: ['see with --dry-run what needs most, and which setting shrinks it', 'end other programs'],
  exit_code: ExitCode.internal,
}

interface ForeignError extends Error {
  readonly code?: string
  /** Set by oclif on what the user typed wrong. */
  readonly oclif?: {readonly exit?: number}
  readonly suggestions?: readonly string[]
}

/** What an error means to the user. Errors that nobody raised on purpose are ours, with exit status 1. */
export function describeFailure(thrown: unknown, isStopping: boolean): Failure {
  const error: ForeignError = thrown instanceof Error ? thrown : new Error(String(thrown))
  const described = {name: error.name, message: error.message, suggestions: error.suggestions ?? []}
  if (error instanceof RptError) return {...described, exit_code: error.exitCode}
  if (isStopping && error.name === 'AbortError') {
    return {...described, name: 'Interrupted', message: 'stopped on request', exit_code: ExitCode.interrupted}
  }
  if (error.oclif?.exit !== undefined) return {...described, ...usage(error), exit_code: error.oclif.exit}
  const remedy = storageErrors[error.code ?? '']
  if (remedy) return {...described, name: 'RuntimeFailure', suggestions: [remedy], exit_code: ExitCode.internal}
  if (error.name === 'RangeError' && noMemory.test(error.message)) return ofNoMemory
  const suggestions = ['run again with DEBUG=1 for the stack, and please report it']
  return {
    ...described,
    name: 'InternalError',
    message: `internal: ${error.message}`,
    suggestions,
    exit_code: ExitCode.internal,
  }
}

/** oclif's parse errors end in a line that points to the help, some in a note that does not apply here. */
function usage(error: ForeignError): Pick<Failure, 'name' | 'message' | 'suggestions'> {
  const [message] = error.message.replace(/^The following errors? occurred:/, '').split(/\nSee more help|\n\nNote:/)
  const suggestions = error.suggestions ?? []
  return {
    name: 'UsageError',
    message: message.trim().replaceAll(/\s*\n\s*/g, ' '),
    suggestions: suggestions.length > 0 ? suggestions : ['see --help for the flags and arguments'],
  }
}

/** Lines of an error at the most. */
const maxLines = 4

/** The failure in words: one line or a few for what went wrong, one for each thing to try, as far as there is room. */
export function renderFailure({name, message, suggestions}: Failure, colors: Paint): string {
  const title = name === 'Interrupted' ? colors.yellow('Stopped:') : colors.red('Error:')
  const lines = `${title} ${visible(message)}`.split('\n')
  const tries = suggestions.map((line) => `  ${colors.cyan('try:')} ${visible(line)}`)
  return [...lines, ...tries].slice(0, maxLines).join('\n')
}
