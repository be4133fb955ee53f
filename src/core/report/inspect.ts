import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {DataError} from '../util/errors.js'
import type {InspectOptions} from './choose-rows.js'
import {inspectData} from './inspect-data.js'
import {inspectPredictions, inspectRollouts} from './inspect-run.js'
import type {Inspection} from './inspection.js'
import {readRun} from './read-run.js'

/**
 * Looks at prepared data (positions), a training run (rollouts of a step) or an evaluation (its predictions).
 *
 * @throws {DataError} where the folder is none of these
 * @throws {UsageError} where the step is not there
 */
export async function inspect(path: string, options: InspectOptions = {}): Promise<Inspection> {
  if (!existsSync(path))
    throw new DataError(`inspect: ${path} does not exist`, {
      suggestions: ['give prepared data or the --out of an earlier command'],
    })
  if (existsSync(join(path, 'positions.arrow'))) return inspectData(path, options)
  const run = readRun(path)
  if (run.rolloutSteps.length > 0) return inspectRollouts(run, options)
  const steps = [...new Set(run.evals.map(({step}) => step))].sort((a, b) => a - b)
  if (steps.length > 0) return inspectPredictions(run, steps, options)
  throw new DataError(`inspect: ${path} has no positions.arrow, no rollouts and no eval predictions`, {
    suggestions: ['give prepared data, a run of objective rpt, or the --out of rpt eval'],
  })
}
