import ora, {type Ora, spinners} from 'ora'
import type {Progress} from '../core/util/progress.js'
import type {Colors} from './colors.js'
import {cutParts} from './cut-line.js'
import {Meter} from './meter.js'

/** Where the live line is drawn. */
export interface LiveOptions {
  readonly stream: NodeJS.WriteStream
  /** Takes the lines that belong to the result. */
  readonly writeResult: (line: string) => void
  /** Seconds, never going back. */
  readonly now: () => number
  readonly colors: Colors
}

/** Columns of the spinner and of the space after it, and one at the edge that stays free. */
const besideText = 3

/** One live line for a terminal: the newest stage with its rate and the time left. Ended stages stay as lines above it. */
export function liveProgress({stream, writeResult, now, colors}: LiveOptions): Progress {
  const open: Meter[] = []
  let spinner: Ora | undefined
  let timer: NodeJS.Timeout | undefined
  const redraw = () => {
    if (spinner) spinner.text = cutParts(open.at(-1)!.line(), Math.max(1, (stream.columns || 80) - besideText))
  }
  const above = (print: () => void) => {
    spinner?.clear()
    print()
    spinner?.render()
  }
  const close = (meter: Meter, summary?: string) => {
    open.splice(open.indexOf(meter), 1)
    if (open.length === 0) {
      spinner?.stop()
      clearInterval(timer)
      spinner = timer = undefined
    }
    above(() => stream.write(`${colors.green('✔')} ${meter.end(summary)}\n`))
    redraw()
  }
  return {
    stage(name, total, unit = '', start = 0) {
      const meter = new Meter(name, total, unit, start, now)
      open.push(meter)
      spinner ??= ora({stream, isEnabled: true, discardStdin: false, color: false, spinner: dots(colors)}).start()
      timer ??= setInterval(redraw, 500).unref()
      redraw()
      return {
        advance(count, note) {
          meter.advance(count, note)
          redraw()
        },
        note(text) {
          meter.note = text
          redraw()
        },
        done: (summary) => close(meter, summary),
      }
    },
    log: (line) => above(() => writeResult(line)),
    warn: (line) => above(() => stream.write(`${colors.yellow('warning:')} ${line}\n`)),
  }
}

/** The spinner in the colours of its stream; ora itself would take those of stdout, and colour under NO_COLOR. */
function dots(colors: Colors): {interval: number; frames: string[]} {
  const {interval, frames} = spinners.dots
  return {interval, frames: frames.map((frame) => colors.cyan(frame))}
}
