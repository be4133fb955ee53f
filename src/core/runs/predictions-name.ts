import {createHash} from 'node:crypto'
import {longestSuffix} from '../files/index.js'
import {stepName} from './run-checkpoints.js'

/** Bytes of a run's name in the name of a file, which file systems limit to 255 with the step and the mark of a temporary. */
const longestRun = 255 - `-${stepName(0)}.arrow`.length - longestSuffix

/**
 * `<run>-step-000100.arrow`: the table of predictions about a checkpoint of another run. A name that is too long for a file
 * is cut, with the beginning of its sha256 in place of the rest.
 *
 * @param run basename of its folder
 */
export function predictionsName(run: string, step: number): string {
  return `${shortened(run)}-${stepName(step)}.arrow`
}

function shortened(run: string): string {
  if (Buffer.byteLength(run) <= longestRun) return run
  const hash = createHash('sha256').update(run).digest('hex').slice(0, 8)
  let kept = ''
  for (const character of run) {
    if (Buffer.byteLength(`${kept}${character}-${hash}`) > longestRun) break
    kept += character
  }
  return `${kept}-${hash}`
}
