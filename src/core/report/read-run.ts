import {existsSync, readdirSync, statSync} from 'node:fs'
import {basename, join, resolve} from 'node:path'
import {parse} from 'yaml'
import {z} from 'zod'
import {readJsonOf, readTextOf} from '../files/index.js'
import {predictionsName} from '../runs/predictions-name.js'
import {stepName, stepOf} from '../runs/run-checkpoints.js'
import {
  type EvalRow,
  evalTable,
  type MetricsRow,
  metricsTable,
  type RolloutRow,
  readTable,
  rolloutsTable,
  type SweepRow,
  sweepTable,
} from '../tables/index.js'
import {DataError} from '../util/errors.js'

/** What a run directory holds; tables that the command did not write are empty. */
export interface RunFolder {
  readonly name: string
  readonly path: string
  readonly metrics: readonly MetricsRow[]
  readonly evals: readonly EvalRow[]
  readonly sweep: readonly SweepRow[]
  /** Steps whose rollouts were kept, ascending. */
  readonly rolloutSteps: readonly number[]
  readonly summary: Readonly<Record<string, unknown>> | null
  /** Text of `config.resolved.yaml`. */
  readonly settings: string | null
}

/** Any one of these makes a folder a run directory. */
const runFiles = ['metrics.arrow', 'eval.arrow', 'sweep.arrow', 'rollouts', 'config.resolved.yaml']
const searchDepth = 3
const anyObject = z.record(z.string(), z.unknown())

/**
 * Run directories at or below each of `paths`, in order and without repeats; folders inside a run are its own business.
 *
 * @throws {DataError} where a path is no folder, or there is no run at or below it
 */
export function findRuns(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => {
    if (!existsSync(path) || !statSync(path).isDirectory()) {
      throw new DataError(`report: ${path} is not a folder; expected a run directory`, {
        suggestions: ['give the --out of an earlier train, eval or scaling-sweep'],
      })
    }
    const runs = findRunsBelow(resolve(path), searchDepth)
    if (runs.length > 0) return runs
    const isPrepared = existsSync(join(path, 'positions.arrow'))
    throw new DataError(`report: no run at or below ${path}; expected a folder with one of ${runFiles.join(', ')}`, {
      suggestions: [
        isPrepared
          ? `to look at prepared data: rpt inspect ${path}`
          : 'give the --out of an earlier train, eval or scaling-sweep',
      ],
    })
  })
  return [...new Set(found)]
}

function findRunsBelow(path: string, depth: number): string[] {
  if (existsSync(join(path, 'positions.arrow'))) return []
  if (runFiles.some((file) => existsSync(join(path, file)))) return [path]
  if (depth === 0) return []
  const folders = readdirSync(path, {withFileTypes: true}).filter((entry) => entry.isDirectory())
  return folders
    .map(({name}) => name)
    .sort()
    .flatMap((name) => findRunsBelow(join(path, name), depth - 1))
}

/** Reads a run directory. Throws {DataError} at a table or summary that cannot be read. */
export function readRun(path: string): RunFolder {
  const at = (file: string) => join(path, file)
  const summary = existsSync(at('summary.json'))
    ? readJsonOf(at('summary.json'), anyObject, 'the summary of a run')
    : null
  return {
    name: basename(path),
    path,
    metrics: existsSync(at('metrics.arrow')) ? readTable(at('metrics.arrow'), metricsTable) : [],
    evals: existsSync(at('eval.arrow')) ? readTable(at('eval.arrow'), evalTable) : [],
    sweep: existsSync(at('sweep.arrow')) ? readTable(at('sweep.arrow'), sweepTable) : [],
    rolloutSteps: stepsIn(at('rollouts')),
    summary,
    settings: readSettings(path),
  }
}

/** Text of `config.resolved.yaml`; null where there is none. */
export function readSettings(runPath: string): string | null {
  const file = join(runPath, 'config.resolved.yaml')
  return existsSync(file) ? readTextOf(file, 'the settings of a run') : null
}

/** Where completions of a step are: `failed` where its numbers went wrong. */
export type RolloutPlace = 'rollouts' | 'failed'

/** Every completion of one step. */
export function readRollouts(runPath: string, step: number, place: RolloutPlace = 'rollouts'): RolloutRow[] {
  return readTable(join(runPath, place, `${stepName(step)}.arrow`), rolloutsTable)
}

/** Steps whose numbers went wrong and whose completions were saved, ascending. */
export function failedSteps(runPath: string): number[] {
  return stepsIn(join(runPath, 'failed'))
}

/** The table of predictions about a checkpoint of `subject`, a run's name, or null where they were not kept. */
export function keptPredictions(runPath: string, subject: string, step: number): string | null {
  const names = [predictionsName(subject, step), `${stepName(step)}.arrow`]
  return names.map((name) => join(runPath, 'eval', name)).find((file) => existsSync(file)) ?? null
}

/** A setting of the resolved configuration, e.g. `data.dir`; undefined where there is none. */
export function settingOf({settings, path}: Pick<RunFolder, 'settings' | 'path'>, key: string): unknown {
  if (settings === null) return undefined
  let value: unknown
  try {
    value = parse(settings)
  } catch (cause) {
    throw new DataError(`reading ${join(path, 'config.resolved.yaml')}: not YAML`, {cause})
  }
  for (const part of key.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[part]
  return value ?? undefined
}

function stepsIn(folder: string): number[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /^step-\d+\.arrow$/.test(name))
    .map(stepOf)
    .sort((a, b) => a - b)
}
