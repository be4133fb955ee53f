import {closeSync, mkdirSync, openSync, readdirSync, writeSync} from 'node:fs'
import {join} from 'node:path'
import {maxOf} from './extremes.js'
import type {ProgressEvent} from './progress.js'

/** The open `logs/attempt-N.jsonl` of a run directory. */
export interface AttemptLog {
  readonly path: string
  /** Appends one event; advances of a stage that follow within a second of the last are left out. */
  write(event: ProgressEvent): void
  close(): void
}

const advanceIntervalMs = 1000

/**
 * Opens the next free `logs/attempt-N.jsonl` of a run directory, N from 1; give its `write` to `teeProgress`.
 *
 * @param now milliseconds since 1970
 */
export function openAttemptLog(runDir: string, now: () => number = Date.now): AttemptLog {
  const folder = join(runDir, 'logs')
  mkdirSync(folder, {recursive: true})
  const taken = readdirSync(folder).map((name) => Number(/^attempt-(\d+)\.jsonl$/.exec(name)?.[1] ?? 0))
  const path = join(folder, `attempt-${maxOf([0, ...taken]) + 1}.jsonl`)
  const file = openSync(path, 'ax')
  const lastAdvance = new Map<string, number>()
  return {
    path,
    write(event) {
      const time = now()
      const stage = event.stage ?? ''
      if (event.kind === 'advance' && time - (lastAdvance.get(stage) ?? 0) < advanceIntervalMs) return
      if (event.kind === 'advance') lastAdvance.set(stage, time)
      writeSync(file, `${JSON.stringify({time: new Date(time).toISOString(), ...event})}\n`)
    },
    close: () => closeSync(file),
  }
}
