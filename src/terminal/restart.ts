import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {constants} from 'node:os'
import {outlivesTerminal} from './stop-signals.js'

/** Set in a process that was started anew: it is not started a second time, and ends when the first one is gone. */
const mark = 'RPT_RESTARTED'

/** How often a process that was started anew looks after the first one, milliseconds. */
const watchMs = 1000

/** Whether some variables have other values than they should, and a new start may put that right. */
export function needsRestart(wanted: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = process.env): boolean {
  return env[mark] === undefined && Object.entries(wanted).some(([name, value]) => env[name] !== value)
}

/**
 * Runs the same command in a process of its own, with more variables in its environment, and ends with its status. The
 * streams are shared. Signals that ask for an end are passed on, once each: the new process is in a group of its own, so
 * that the terminal does not send them to both. Ctrl-Z stops both, and they continue together.
 */
export async function restart(wanted: Readonly<Record<string, string>>): Promise<never> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: {...process.env, ...wanted, [mark]: String(process.pid)},
    stdio: 'inherit',
    detached: true,
  })
  const hangsUp = !outlivesTerminal(process.env)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal)
    process.on(signal, () => (signal !== 'SIGHUP' || hangsUp) && child.kill(signal))
  }
  // A terminal stops, continues and tells of a new size only the group of the first process.
  process.on('SIGTSTP', () => {
    child.kill('SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  })
  for (const signal of ['SIGCONT', 'SIGWINCH'] as const) process.on(signal, () => child.kill(signal))
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  process.exit(code ?? 128 + constants.signals[signal!])
}

/** In a process that was started anew: asks for an end when the one that started it is gone, which passes no signal on. */
export function endWithFirst(env: NodeJS.ProcessEnv = process.env): void {
  const first = Number(env[mark])
  if (!first) return
  const timer = setInterval(() => {
    if (process.ppid === first) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, watchMs)
  timer.unref()
}
