/** A piece of work that is under way. */
export interface Stage {
  /** `count` more units are done; `note` replaces the note shown beside the count. */
  advance(count: number, note?: string): void
  /** Replaces the note, e.g. the step's reward. */
  note(text: string): void
  /** Ends the stage; `summary` is what stays on the screen. */
  done(summary?: string): void
}

/** How the core tells whoever watches what it is doing. The core never prints. */
export interface Progress {
  /**
   * Starts a stage; stages may nest, the newest is the one shown.
   *
   * @param total units of the whole stage; leave out when unknown
   * @param unit plural noun, e.g. `steps`
   * @param start units that were done before, by the run that is resumed
   */
  stage(name: string, total?: number, unit?: string, start?: number): Stage
  /** A line that belongs to the result, e.g. `already complete at step 200`. */
  log(line: string): void
  /** A line about something that the user should know and may want to change. */
  warn(line: string): void
}

/** One line of `logs/attempt-N.jsonl`. */
export interface ProgressEvent {
  readonly kind: 'start' | 'advance' | 'done' | 'log' | 'warn'
  readonly stage?: string
  readonly count?: number
  readonly total?: number
  readonly unit?: string
  readonly text?: string
}

/** Passes on the first line that it is given and no other. */
export function firstOnly(say: (line: string) => void): (line: string) => void {
  let isSaid = false
  return (line) => {
    if (!isSaid) say(line)
    isSaid = true
  }
}

const silentStage: Stage = {advance() {}, note() {}, done() {}}

/** Says nothing. */
export const silentProgress: Progress = {stage: () => silentStage, log() {}, warn() {}}

/** Passes everything on to `inner` and hands each event to `write` as well. */
export function teeProgress(inner: Progress, write: (event: ProgressEvent) => void): Progress {
  const line = (kind: 'log' | 'warn') => (text: string) => {
    inner[kind](text)
    write({kind, text})
  }
  return {stage: (...described) => teeStage(inner, write, described), log: line('log'), warn: line('warn')}
}

function teeStage(
  inner: Progress,
  write: (event: ProgressEvent) => void,
  described: Parameters<Progress['stage']>,
): Stage {
  const [stage, total, unit, start = 0] = described
  const shown = inner.stage(...described)
  let count = start
  let text: string | undefined
  const event = (kind: ProgressEvent['kind'], words = text) => write({kind, stage, count, total, unit, text: words})
  event('start')
  return {
    advance(more, note) {
      count += more
      text = note ?? text
      shown.advance(more, note)
      event('advance')
    },
    note(words) {
      text = words
      shown.note(words)
    },
    done(summary) {
      shown.done(summary)
      event('done', summary)
    },
  }
}
