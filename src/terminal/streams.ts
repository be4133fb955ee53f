import {closeSync, openSync} from 'node:fs'
import {isatty} from 'node:tty'

/** The standard streams of a process. */
export interface StandardStreams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

type Written = (error?: Error | null) => void

/** Why a stream takes no more, if so. */
interface Loss {
  error: NodeJS.ErrnoException | null
}

/**
 * Keeps a process alive whatever becomes of those who watch it: a write to a closed pipe, a terminal that is gone or a full
 * disk never throws and never ends it.
 *
 * What goes to stderr is lost then, and tried again with the next line. Of stdout nothing is written after the first loss,
 * so that no document has a hole.
 *
 * @returns asks for the error that kept the result from being written; null when all was written or nobody wants it any more
 */
export function guardStreams({stdout, stderr}: StandardStreams): () => Error | null {
  const isTerminal = Boolean(stdout.isTTY)
  const loss = guard(stdout)
  guard(stderr, true)
  return () => (loss.error && !isUnwatched(loss.error, isTerminal) ? loss.error : null)
}

function guard(stream: NodeJS.WriteStream, triesAgain = false): Loss {
  const loss: Loss = {error: null}
  const write = stream.write.bind(stream) as (chunk: unknown, ...more: unknown[]) => boolean
  // oclif listens too, and throws whatever is no closed pipe.
  stream.removeAllListeners('error')
  stream.on('error', (error) => {
    loss.error ??= error
  })
  const drop = (more: readonly unknown[]): true => {
    const written = more.findLast((argument): argument is Written => typeof argument === 'function')
    if (written) process.nextTick(written)
    return true
  }
  stream.write = (chunk: unknown, ...more: unknown[]): boolean => {
    if (loss.error) return drop(more)
    try {
      return write(chunk, ...more)
    } catch (error) {
      // Files are written at once, and their errors thrown.
      if (!triesAgain) loss.error = error as Error
      return drop(more)
    }
  }
  return loss
}

/** Whether an error of a write says that the reader went away, which is his right. */
function isUnwatched({code}: NodeJS.ErrnoException, isTerminal: boolean): boolean {
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || (code === 'EIO' && isTerminal)
}

/** Waits until the streams have handed on what was written to them: a process that exits loses the rest. */
export async function drained({stdout, stderr}: StandardStreams): Promise<void> {
  for (const stream of [stdout, stderr])
    if (stream.writableLength > 0) await new Promise<void>((resolve) => stream.write('', () => resolve()))
}

/**
 * Lets go of terminals that went away, for a listener of the process's `exit`: Node.js gives each terminal back the
 * settings it began with, and aborts (status 134) where that fails.
 *
 * @param wereTerminals file descriptors that were terminals at the start
 */
export function releaseTerminals(wereTerminals: readonly number[]): void {
  for (const descriptor of wereTerminals) {
    if (isatty(descriptor)) continue
    closeSync(descriptor)
    openSync('/dev/null', 'r+')
  }
}

/** Which of the three standard streams are terminals. */
export function terminals(): number[] {
  return [0, 1, 2].filter((descriptor) => isatty(descriptor))
}
