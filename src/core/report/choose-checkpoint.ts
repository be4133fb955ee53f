import {UsageError} from '../util/errors.js'
import {plural} from '../util/plural.js'
import type {InspectOptions} from './choose-rows.js'
import type {RunFolder} from './read-run.js'

/** A model of an evaluation: which run it is of, and at which step. */
export interface Checkpoint {
  readonly run: string
  readonly step: number
}

/** The models of an evaluation, each once: by step, and by the order of the evaluation where steps are equal. */
export function checkpointsOf({evals}: Pick<RunFolder, 'evals'>): Checkpoint[] {
  const found = new Map(evals.map(({run, step}) => [JSON.stringify([run, step]), {run, step}]))
  return [...found.values()].sort((a, b) => a.step - b.step)
}

/**
 * The model that was asked for; the last step where none was named.
 *
 * @param checkpoints of the evaluation at `path`, at least one
 * @throws {UsageError} where the run or the step is not there, or several runs have the step and none was named
 */
export function chooseCheckpoint(
  checkpoints: readonly Checkpoint[],
  {run, step: wanted}: Pick<InspectOptions, 'run' | 'step'>,
  path: string,
): Checkpoint {
  const own = checkpoints.filter((checkpoint) => run === undefined || checkpoint.run === run)
  const names = [...new Set(checkpoints.map((checkpoint) => checkpoint.run))]
  if (own.length === 0)
    throw new UsageError(`inspect: ${path} has no predictions of run ${run}; it has those of ${names.join(', ')}`, {
      suggestions: names.map((name) => `give --run ${name}`),
    })
  const steps = [...new Set(own.map(({step}) => step))]
  const step = chooseStep(steps, wanted, run === undefined ? path : `run ${run} in ${path}`)
  const found = own.filter((checkpoint) => checkpoint.step === step)
  if (found.length === 1) return found[0]
  throw new UsageError(
    `inspect: ${path} has predictions of step ${step} of several runs: ${found.map((one) => one.run).join(', ')}`,
    {suggestions: found.map((one) => `give --run ${one.run} --step ${step}`)},
  )
}

/**
 * The step that was asked for; the last where none was.
 *
 * @param steps ascending, at least one
 * @param where names what has the steps
 * @throws {UsageError} where the step is not there
 */
export function chooseStep(steps: readonly number[], wanted: number | undefined, where: string): number {
  if (wanted === undefined) return steps[steps.length - 1]
  if (steps.includes(wanted)) return wanted
  throw new UsageError(
    `inspect: ${where} has nothing for step ${wanted}; it has ${plural(steps.length, 'step')}, ${steps[0]} to ${steps[steps.length - 1]}`,
    {suggestions: [`give --step ${steps[steps.length - 1]}`]},
  )
}
