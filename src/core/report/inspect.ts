import {existsSync, statSync} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {stepOf} from '../runs/run-checkpoints.js'
import {DataError, UsageError} from '../util/errors.js'
import {checkpointsOf} from './choose-checkpoint.js'
import type {InspectOptions} from './choose-rows.js'
import {inspectData} from './inspect-data.js'
import {inspectLedger} from './inspect-ledger.js'
import {inspectPredictions, inspectRollouts} from './inspect-run.js'
import type {Inspection} from './inspection.js'
import type {PromptViews} from './prompt-views.js'
import {failedSteps, readRun} from './read-run.js'

/**
 * Looks at prepared data (positions), a training run (rollouts of a step) or an evaluation (its predictions).
 *
 * @param openPrompts of a model, to be shown with positions; absent where nobody asked for them
 * @throws {DataError} where the folder is none of these
 * @throws {UsageError} where the step is not there, or what is asked for is there of positions alone
 */
export async function inspect(
  path: string,
  options: InspectOptions = {},
  openPrompts?: () => Promise<PromptViews | null>,
): Promise<Inspection> {
  if (!existsSync(path))
    throw new DataError(`inspect: ${path} does not exist`, {
      suggestions: ['give prepared data or the --out of an earlier command'],
    })
  if (statSync(path).isFile()) refuseFile(path)
  if (existsSync(join(path, 'positions.arrow'))) {
    if (options.ledger !== undefined) refuseLedger(path)
    refuseCompletionFlags(`${path} holds positions`, {step: options.step, ...completionFlags(options)})
    return inspectData(path, options, (await openPrompts?.()) ?? null)
  }
  const [flag] = [...(openPrompts ? ['--prompt'] : []), ...(options.sort ? ['--sort'] : [])]
  if (flag)
    throw new UsageError(`inspect: ${flag} selects positions of prepared data; ${path} holds none`, {
      suggestions: ['give the folder that rpt prepare-data wrote'],
    })
  const run = readRun(path)
  if (options.ledger !== undefined) {
    if (run.rolloutSteps.length === 0) refuseLedger(path)
    refuseCompletionFlags('--ledger lists training items', {
      step: options.step,
      ...completionFlags(options),
    })
    return inspectLedger(run, options.ledger, options)
  }
  if (run.rolloutSteps.length > 0 || failedSteps(path).length > 0) {
    if (options.run !== undefined) refuseRun(path)
    return inspectRollouts(run, options)
  }
  const checkpoints = checkpointsOf(run)
  if (checkpoints.length > 0) return inspectPredictions(run, checkpoints, options)
  throw new DataError(`inspect: ${path} has no positions.arrow, no rollouts and no eval predictions`, {
    suggestions: [
      `for metrics, sweeps and results: rpt report ${path}`,
      'to inspect: give prepared data, a run of objective rpt or rlvr, or the --out of rpt eval',
    ],
  })
}

/** Names the folder, and the step where the file is one of a run's. */
function refuseFile(path: string): never {
  const isStep = /^step-\d+\.arrow$/.test(basename(path))
  const folder = isStep ? dirname(dirname(path)) : dirname(path)
  const step = isStep ? ` --step ${stepOf(basename(path))}` : ''
  throw new UsageError(`inspect: ${path} is a file; expected the folder of prepared data or of a run`, {
    suggestions: [`rpt inspect ${folder}${step}`],
  })
}

function completionFlags({run, outcome, result, text}: InspectOptions) {
  return {run, outcome, result, text}
}

function refuseLedger(path: string): never {
  throw new UsageError(`inspect: --ledger lists the training items of a run; ${path} has no rollouts`, {
    suggestions: ['give the folder of a run of objective rpt or rlvr'],
  })
}

function refuseRun(path: string): never {
  throw new UsageError(`inspect: --run chooses a model of an evaluation; ${path} holds the rollouts of one run`, {
    suggestions: ['leave --run out, or give the --out of rpt eval'],
  })
}

/** Positions and training items have no completions to choose from. */
function refuseCompletionFlags(why: string, flags: Partial<InspectOptions>): void {
  const [flag] = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (flag)
    throw new UsageError(`inspect: --${flag} selects completions; ${why}`, {
      suggestions: ['give the folder of a run or an evaluation, without --ledger'],
    })
}
