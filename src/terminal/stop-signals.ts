import {readFileSync} from 'node:fs'
import {basename} from 'node:path'
import {ExitCode} from '../core/util/errors.js'

/** Asks for a stop that saves first; a second Ctrl-C or SIGTERM ends the process at once. */
const forcing = ['SIGINT', 'SIGTERM'] as const

/**
 * One Ctrl-C may come twice: from the terminal, and from a parent that passes it on, as npm's `npx` does. Signals so soon
 * after the first are taken for its echo, milliseconds.
 */
const echoMs = 1000

/**
 * Turns the signals that ask a program to end into a request to stop, until the returned function is called.
 *
 * A terminal that goes away (SIGHUP) asks as Ctrl-C does, only that it may say so twice, the system and the shell once each;
 * a process that was started to outlive its terminal does not listen.
 *
 * @param say tells the user what happens now
 */
export function stopOnSignals(stopping: AbortController, say: (line: string) => void, env = process.env): () => void {
  let asked = Number.POSITIVE_INFINITY
  const stop = () => {
    if (stopping.signal.aborted) return
    asked = performance.now()
    stopping.abort()
    say('stopping after what is under way; press Ctrl-C again to stop at once')
  }
  const stopOrEnd = () => (performance.now() - asked > echoMs ? process.exit(ExitCode.interrupted) : stop())
  const hangUp = outlivesTerminal(env) ? () => {} : stop
  for (const signal of forcing) process.on(signal, stopOrEnd)
  process.on('SIGHUP', hangUp)
  return () => {
    for (const signal of forcing) process.off(signal, stopOrEnd)
    process.off('SIGHUP', hangUp)
  }
}

/**
 * Whether a process was started under `nohup`, or by a script that was. Node.js forgets at its start that SIGHUP was to be
 * ignored, so three traces are looked for: the name that the shell notes of the command it starts, the unreadable standard
 * input that `nohup` leaves in place of a terminal, and a parent that ignores the signal.
 *
 * @param read contents of a file of the system; empty where there is none
 */
export function outlivesTerminal(env: NodeJS.ProcessEnv, read = readOrEmpty): boolean {
  const isUnreadable = (read('/proc/self/fdinfo/0').match(/^flags:\s*([0-7]+)$/m)?.[1] ?? '').endsWith('1')
  const ignored = read(`/proc/${process.ppid}/status`).match(/^SigIgn:\s*[0-9a-f]+([0-9a-f])$/m)?.[1] ?? '0'
  // SIGHUP is signal 1: the lowest bit.
  return basename(env._ ?? '') === 'nohup' || isUnreadable || Number.parseInt(ignored, 16) % 2 === 1
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
