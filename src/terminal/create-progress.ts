import type {Progress} from '../core/util/progress.js'
import {visible, visibleLine} from '../core/util/visible.js'
import {createColors} from './colors.js'
import {plainProgress} from './plain-progress.js'

/** What the terminal is like. */
export interface TerminalOptions {
  readonly isJson: boolean
  readonly env: NodeJS.ProcessEnv
  readonly stderr: NodeJS.WriteStream
  readonly stdout: NodeJS.WriteStream
}

/** A live line where stderr is a terminal of known width (ora needs it); plain lines in CI, in a pipe and under `--json`, when stdout stays untouched. */
export async function createProgress({isJson, env, stderr, stdout}: TerminalOptions): Promise<Progress> {
  const now = () => performance.now() / 1000
  const results = isJson ? stderr : stdout
  const writeResult = (line: string) => void results.write(`${line}\n`)
  const isLive = Boolean(stderr.isTTY) && stderr.columns > 0 && !isJson && !env.CI && env.TERM !== 'dumb'
  if (!isLive)
    return visibleProgress(plainProgress({write: (line) => void stderr.write(`${line}\n`), writeResult, now}))
  const {liveProgress} = await import('./live-progress.js')
  return visibleProgress(liveProgress({stream: stderr, writeResult, now, colors: createColors(env, 'stderr')}))
}

/** Shows whatever is told safely: names of files and texts of documents come from strangers. */
export function visibleProgress(inner: Progress): Progress {
  const onLine = (text: string | undefined) => (text === undefined ? undefined : visibleLine(text))
  return {
    stage(name, ...more) {
      const stage = inner.stage(visibleLine(name), ...more)
      return {
        advance: (count, note) => stage.advance(count, onLine(note)),
        note: (text) => stage.note(visibleLine(text)),
        done: (summary) => stage.done(onLine(summary)),
      }
    },
    log: (line) => inner.log(visible(line)),
    warn: (line) => inner.warn(visible(line)),
  }
}
