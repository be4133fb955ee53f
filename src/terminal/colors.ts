import {Chalk, type ChalkInstance, supportsColor, supportsColorStderr} from 'chalk'

/** The colours of one output stream. */
export type Colors = ChalkInstance

/** What chalk finds that each stream can show: it looks at the terminal, TERM, CI and FORCE_COLOR. */
const found = {stdout: supportsColor, stderr: supportsColorStderr}

/** The colours of a stream: none when NO_COLOR is set to anything, or where the stream itself is no terminal. */
export function createColors(env: NodeJS.ProcessEnv, stream: keyof typeof found): Colors {
  const support = found[stream]
  return new Chalk({level: env.NO_COLOR || !support ? 0 : support.level})
}
