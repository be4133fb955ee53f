import {closeSync, openSync} from 'node:fs'
import {isatty} from 'node:tty'

/** The standard streams of a process. */
export interface StandardStreams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/**
 * Keeps a process alive whatever becomes of those who watch it: what is written to a closed pipe, a terminal that is gone or
 * a full disk is lost, and nothing else happens.
 *
 * @returns asks for the error that kept a part of the result from being written; null when nobody wants it any more
 */
export function guardStreams({stdout, stderr}: StandardStreams): () => Error | null {
  const isTerminal = Boolean(stdout.isTTY)
  let loss: Error | null = null
  const ignore = () => {}
  const note = (error: Error) => {
    if (!isUnwatched(error, isTerminal)) loss ??= error
  }
  guards.add(ignore).add(note)
  stderr.on('error', ignore)
  stdout.on('error', note)
  dropOtherListeners({stdout, stderr})
  // The event comes a moment after the write, and the process may end before.
  return () => loss ?? (stdout.errored && !isUnwatched(stdout.errored, isTerminal) ? stdout.errored : null)
}

/** Listeners of `guardStreams`. */
const guards = new WeakSet<object>()

/**
 * Leaves the guards alone to hear of errors of the streams: oclif listens too, from when its commands are loaded on, and
 * throws whatever is no closed pipe.
 */
export function dropOtherListeners({stdout, stderr}: StandardStreams): void {
  for (const stream of [stdout, stderr])
    for (const listener of stream.listeners('error') as ((error: Error) => void)[])
      if (!guards.has(listener)) stream.off('error', listener)
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
