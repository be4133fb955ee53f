import {existsSync} from 'node:fs'
import {readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {configHash, resolvedYaml} from '../config/resolved.js'
import type {Config} from '../config/schema.js'
import {copyTokenizer} from '../data/copy-tokenizer.js'
import {pinned} from '../hub/address.js'
import {type FileFilter, modelFiles} from '../hub/model-files.js'
import {type Origin, resolveSource} from '../hub/resolve-source.js'
import {
  guardWrite,
  hashJson,
  type Lock,
  lockFolder,
  makeFolder,
  replaceText,
  sweepTemporary,
  verifyFolder,
  writeFolder,
} from '../store/index.js'
import {type AttemptLog, openAttemptLog} from '../util/attempt-log.js'
import {DataError, UsageError} from '../util/errors.js'
import {type Progress, silentProgress, teeProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {type Origins, originsFile, sourcesWithOrigins} from './origins.js'
import {emptyFolder, isFruitless, refuseOccupied, removeEmpty} from './output-folder.js'

/** Settings that a resumed run may change: none of them touches what was computed so far. */
const resumable = [
  'out',
  'train.steps',
  'train.allowNoop',
  'threads',
  'memory.check',
  'memory.limitGiB',
  'checkpoint.steps',
  'checkpoint.keepLast',
  'checkpoint.dtype',
  'sft.template',
  'sft.chatTemplate',
]

/** What a checkpoint remembers beside weights and moments. */
export interface TrainerState {
  readonly step: number
  readonly objective: string
  /** Contexts or rows visited so far. */
  readonly visits: number
  /** Tokens trained on or sampled so far. */
  readonly numTokens: number
  /** Seconds trained so far, over all attempts. */
  readonly wallSeconds: number
  readonly configHash: string
  readonly seed: number
}

/** A run directory under lock: its files, its checkpoints, its log. */
export class RunDirectory {
  private constructor(
    readonly path: string,
    private readonly lock: Lock,
    readonly services: Services,
    private readonly found: {readonly isOccupied: boolean; readonly isMade: boolean},
    private readonly origins: Origins,
    private readonly log?: AttemptLog,
  ) {}

  /**
   * Creates or reopens a run directory and locks it.
   *
   * @param origins of its models, for checkpoints and for a run that is resumed
   * @throws {UsageError} when it is occupied and neither --resume nor --overwrite was given, when another process holds
   *   it, or when the settings differ from those it was begun with
   */
  static async open(path: string, config: Config, services: Services, origins: Origins = {}): Promise<RunDirectory> {
    const {overwrite} = services
    const isOccupied = await refuseOccupied(path, services)
    const isMade = await guardWrite('creating', path, () => makeFolder(path))
    const found = {isOccupied, isMade}
    const lock = await lockFolder(path).catch(async (error) => {
      if (isMade) await removeEmpty(path)
      throw error
    })
    const run = new RunDirectory(path, lock, services, found, origins)
    try {
      if (isOccupied && overwrite) await emptyFolder(path)
      await run.checkSame('settings-hash.txt', runHash(config), 'settings')
      const sources = sourcesWithOrigins(services.sources, origins)
      await guardWrite('writing', path, async () => {
        await replaceText(run.at('config.resolved.yaml'), resolvedYaml(config, sources))
        if (Object.keys(origins).length > 0)
          await replaceText(run.at(originsFile), `${JSON.stringify(origins, null, 2)}\n`)
      })
      for (const folder of ['.', 'checkpoints', 'rollouts', 'eval']) await sweepTemporary(join(path, folder))
      const log = openAttemptLog(path)
      const progress = teeProgress(services.progress, log.write)
      return new RunDirectory(path, lock, {...services, progress}, found, origins, log)
    } catch (error) {
      await run.close()
      throw error
    }
  }

  /** A path inside the run directory. */
  at(...parts: string[]): string {
    return join(this.path, ...parts)
  }

  /** The path of a table in a folder of the run directory, which is made if need be. */
  async place(folder: string, name: string): Promise<string> {
    await guardWrite('creating', this.at(folder), () => makeFolder(this.at(folder)))
    return this.at(folder, name)
  }

  /**
   * Checks that a resumed run works with the data and weights that it was begun with.
   *
   * @param inputs their fingerprints
   * @throws {UsageError} when they are others
   */
  async checkInputs(inputs: unknown): Promise<void> {
    await this.checkSame('inputs-hash.txt', hashJson(inputs), 'data or weights')
  }

  /** Folder of the checkpoint of a step. */
  checkpoint(step: number): string {
    return this.at('checkpoints', stepName(step))
  }

  /** Writes a checkpoint folder: filled beside, flushed, hashed, renamed. */
  async writeCheckpoint(state: TrainerState, tokenizerFolder: string, fill: (folder: string) => Promise<void>) {
    await guardWrite('creating', this.at('checkpoints'), () => makeFolder(this.at('checkpoints')))
    await writeFolder(
      this.checkpoint(state.step),
      async (folder) => {
        await copyTokenizer(tokenizerFolder, folder)
        await fill(folder)
        await writeFile(join(folder, 'trainer-state.json'), `${JSON.stringify(state, null, 2)}\n`)
      },
      {step: state.step, objective: state.objective, origins: this.origins},
    )
  }

  /** Removes checkpoints that neither `keep` nor the last `keepLast` hold. */
  async pruneCheckpoints(keep: readonly number[], keepLast: number): Promise<void> {
    const steps = await checkpointSteps(this.path)
    const prunable = steps.filter((step) => !keep.includes(step)).slice(0, -keepLast)
    for (const step of prunable) await rm(this.checkpoint(step), {recursive: true})
  }

  /** The newest checkpoint whose files match its manifest; broken ones are named and passed over. */
  async latestCheckpoint(): Promise<{folder: string; state: TrainerState} | null> {
    for (const step of (await checkpointSteps(this.path)).toReversed()) {
      const folder = this.checkpoint(step)
      const verdict = verifyFolder(folder)
      if (verdict.kind === 'valid' && existsSync(join(folder, 'optimizer.safetensors')))
        return {folder, state: JSON.parse(await readFile(join(folder, 'trainer-state.json'), 'utf8'))}
      const reason = verdict.kind === 'invalid' ? verdict.reason : 'it has no optimizer state'
      this.services.progress.warn(`checkpoint ${stepName(step)} is passed over: ${reason}`)
    }
    return null
  }

  /** Removes per-step tables beyond a step, left by an attempt that went further than its last checkpoint. */
  async dropTablesAfter(step: number): Promise<void> {
    for (const folder of ['rollouts', 'eval']) {
      if (!existsSync(this.at(folder))) continue
      for (const name of await readdir(this.at(folder)))
        if (stepOf(name) > step) await rm(this.at(folder, name), {recursive: true})
    }
  }

  /** Writes `summary.json`. */
  async writeSummary(summary: object): Promise<void> {
    await guardWrite('writing', this.at('summary.json'), () =>
      replaceText(this.at('summary.json'), `${JSON.stringify(summary, null, 2)}\n`),
    )
  }

  /** Lets go of the directory; one that was empty before and has no result is left as it was found. */
  async close(): Promise<void> {
    this.log?.close()
    const isVoid = !this.found.isOccupied && isFruitless(this.path)
    if (isVoid) await emptyFolder(this.path)
    this.lock.release()
    if (isVoid && this.found.isMade) await removeEmpty(this.path)
  }

  /** Compares a hash with the one the run was begun with, or notes it down. */
  private async checkSame(name: string, hash: string, what: string): Promise<void> {
    const file = this.at(name)
    const {command, resume} = this.services
    if (!resume || !existsSync(file)) {
      await guardWrite('writing', file, () => replaceText(file, `${hash}\n`))
      return
    }
    if ((await readFile(file, 'utf8')).trim() === hash) return
    throw new UsageError(`${command}: --resume of ${this.path} with ${what} that it was not begun with`, {
      suggestions: [`compare with ${this.at('config.resolved.yaml')}`, 'give --overwrite to start again'],
    })
  }
}

/** Hash of every setting that the results of a run depend on. */
export function runHash(config: Config): string {
  return configHash(config, resumable)
}

/** Steps that have a checkpoint folder, ascending. */
export async function checkpointSteps(runPath: string): Promise<number[]> {
  const folder = join(runPath, 'checkpoints')
  if (!existsSync(folder)) return []
  const steps = (await readdir(folder)).filter((name) => /^step-\d+$/.test(name)).map(stepOf)
  return steps.sort((a, b) => a - b)
}

/** `step-000042`. */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`
}

function stepOf(name: string): number {
  return Number(/^step-(\d+)/.exec(name)?.[1] ?? Number.NaN)
}

/** A checkpoint to load, and what it is called in results. */
export interface ResolvedModel {
  readonly folder: string
  readonly run: string
  readonly objective: string
  readonly step: number
  /** Commit of the Hub that it is; null for what was on this machine. */
  readonly origin: Origin | null
}

/** How a model of the Hub is fetched. */
export interface ModelRequest {
  readonly progress?: Progress
  readonly signal?: AbortSignal
  /** The commit that the run was begun with; it stands in for a branch of the same repository. */
  readonly recorded?: Origin
  /** Files needed; all of a checkpoint's when absent. */
  readonly files?: FileFilter
}

/**
 * Finds the checkpoint that `--model` means: a checkpoint folder, a run directory's checkpoint of a step (its last one
 * when no step is given), or a Hub id, which is downloaded where the cache lacks it.
 *
 * @throws {DataError} when there is none
 */
export async function resolveModel(
  model: string,
  step?: number,
  {progress = silentProgress, signal, recorded, files = modelFiles}: ModelRequest = {},
): Promise<ResolvedModel> {
  const value = pinned(model, recorded)
  const {folder: path, origin} = await resolveSource('model', value, {kind: 'model', files, progress, signal})
  if (origin) {
    const run = `${basename(origin.id)}@${origin.revision.slice(0, 7)}`
    return {folder: path, run, objective: 'base', step: 0, origin}
  }
  if (existsSync(join(path, 'config.json'))) return describeCheckpoint(path)
  const steps = await checkpointSteps(path)
  const chosen = step ?? steps.at(-1)
  if (chosen === undefined || !steps.includes(chosen))
    throw new DataError(
      `${path} has no checkpoint${step === undefined ? '' : ` of step ${step}`}; found: ${steps.join(', ') || 'none'}`,
      {suggestions: ['give a checkpoint folder with config.json, or a run directory with checkpoints']},
    )
  return describeCheckpoint(join(path, 'checkpoints', stepName(chosen)), path)
}

async function describeCheckpoint(folder: string, runPath?: string): Promise<ResolvedModel> {
  const file = join(folder, 'trainer-state.json')
  if (!existsSync(file)) return {folder, run: basename(folder), objective: 'base', step: 0, origin: null}
  const {objective, step} = JSON.parse(await readFile(file, 'utf8')) as TrainerState
  return {folder, run: basename(runPath ?? join(folder, '..', '..')), objective, step, origin: null}
}
