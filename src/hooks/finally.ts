import {drained} from '../terminal/streams.js'

/** oclif hook, after help, results and errors: all of it reaches a slow reader before the process may exit. */
export default function atEnd(): Promise<void> {
  return drained(process)
}
