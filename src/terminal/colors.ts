import {Chalk, type ChalkInstance} from 'chalk'

/** The colours of one output stream. */
export type Colors = ChalkInstance

/** No colours at all when NO_COLOR is set to anything; else what chalk finds that the terminal can show. */
export function createColors(env: NodeJS.ProcessEnv): Colors {
  return env.NO_COLOR ? new Chalk({level: 0}) : new Chalk()
}
