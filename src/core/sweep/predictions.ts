import {join} from 'node:path'
import {stepName} from '../runs/run-checkpoints.js'
import {countRows, predictionsTable} from '../tables/index.js'
import {DataError} from '../util/errors.js'

/** Where the predictions of a point's checkpoint are, in the folder of the sweep. */
export function predictionsFile(out: string, name: string, step: number): string {
  return join(out, 'predictions', name, `${stepName(step)}.arrow`)
}

/** Why predictions cannot be read; null where they can. */
export function faultOfPredictions(file: string): string | null {
  try {
    countRows(file, predictionsTable)
    return null
  } catch (error) {
    if (error instanceof DataError) return error.message
    throw error
  }
}
