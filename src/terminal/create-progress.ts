import type {Progress} from '../core/util/progress.js'
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
  if (!isLive) return plainProgress({write: (line) => void stderr.write(`${line}\n`), writeResult, now})
  const {liveProgress} = await import('./live-progress.js')
  return liveProgress({stream: stderr, writeResult, now, colors: createColors(env, 'stderr')})
}
