import type {Progress} from '../core/util/progress.js'
import {Meter} from './meter.js'

/** Where lines go and what time it is. */
export interface PlainOptions {
  /** Takes the lines of stages and warnings: stderr. */
  readonly write: (line: string) => void
  /** Takes the lines that belong to the result: stdout, or stderr under `--json`. */
  readonly writeResult: (line: string) => void
  /** Seconds, never going back. */
  readonly now: () => number
  readonly heartbeatMs?: number
}

/** Plain lines for logs and pipes: one when a stage starts, one when it ends, a heartbeat in between even when it stalls. */
export function plainProgress({write, writeResult, now, heartbeatMs = 5000}: PlainOptions): Progress {
  const open: Meter[] = []
  let timer: NodeJS.Timeout | undefined
  const beat = () => open.length > 0 && write(open.at(-1)!.line())
  return {
    stage(name, total, unit = '', start = 0) {
      const meter = new Meter(name, total, unit, start, now)
      open.push(meter)
      write(
        `${name}: ${total === undefined ? 'started' : `${start > 0 ? `from ${start} of ` : ''}${total} ${unit}`.trimEnd()}`,
      )
      timer ??= setInterval(beat, heartbeatMs).unref()
      return {
        advance: (count, note) => meter.advance(count, note),
        note: (text) => {
          meter.note = text
        },
        done(summary) {
          open.splice(open.indexOf(meter), 1)
          write(meter.end(summary))
          if (open.length > 0) return
          clearInterval(timer)
          timer = undefined
        },
      }
    },
    log: writeResult,
    warn: (line) => write(`warning: ${line}`),
  }
}
