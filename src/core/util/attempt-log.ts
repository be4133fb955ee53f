import {closeSync, mkdirSync, openSync, readdirSync, writeFileSync} from 'node:fs'
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
 * A line that the disk does not take is lost, and no work with it: what the run keeps is in its tables and checkpoints.
 *
 * @param warn told once, when the first line is lost
 * @param now milliseconds since 1970
 */
export function openAttemptLog(runDir: string, warn: (line: string) => void, now: () => number = Date.now): AttemptLog {
  const folder = join(runDir, 'logs')
  mkdirSync(folder, {recursive: true})
  const taken = readdirSync(folder).map((name) => Number(/^attempt-(\d+)\.jsonl$/.exec(name)?.[1] ?? 0))
  const path = join(folder, `attempt-${maxOf([0, ...taken]) + 1}.jsonl`)
  const file = openSync(path, 'ax')
  const lastAdvance = new Map<string, number>()
  let isTorn = false
  let hasWarned = false
  const append = (line: string) => {
    // What a full disk took of the line before stays a line of its own.
    try {
      writeFileSync(file, isTorn ? `\n${line}` : line)
      isTorn = false
    } catch (error) {
      isTorn = true
      if (!hasWarned) warn(`${path}: lines will be missing from here on: ${(error as Error).message}`)
      hasWarned = true
    }
  }
  return {
    path,
    write(event) {
      const time = now()
      const stage = event.stage ?? ''
      if (event.kind === 'advance' && time - (lastAdvance.get(stage) ?? 0) < advanceIntervalMs) return
      if (event.kind === 'advance') lastAdvance.set(stage, time)
      append(`${JSON.stringify({time: new Date(time).toISOString(), ...event})}\n`)
    },
    close: () => closeSync(file),
  }
}
