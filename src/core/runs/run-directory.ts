import {existsSync} from 'node:fs'
import {readdir, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {resolvedYaml} from '../config/resolved.js'
import type {Config} from '../config/schema.js'
import {mergedName} from '../engine/state/adapter-checkpoint.js'
import {
  guardWrite,
  type Lock,
  lockFolder,
  lockName,
  makeFolder,
  outputKinds,
  removeOwn,
  replaceText,
  sweepOwn,
  writeFolder,
} from '../files/index.js'
import {type AttemptLog, openAttemptLog} from '../util/attempt-log.js'
import {RuntimeFailure} from '../util/errors.js'
import {teeProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {type Companions, writeCompanions} from './companions.js'
import {type Origins, originsFile, sourcesWithOrigins} from './origins.js'
import {holdsNoResult, refuseOccupiedQuietly, removeEmpty} from './output-folder.js'
import {reopenTable} from './reopen-table.js'
import {checkpointFolder, refuseOvertaken, stepOf} from './run-checkpoints.js'
import {identityOf, type RunInputs, readIdentity, refuseOther, writeIdentity} from './run-identity.js'
import {type TrainerState, trainerStateFile} from './trainer-state.js'

/** What a run directory is opened with; see `RunDirectory.open`. */
interface RunOpening {
  readonly origins?: Origins
  readonly inputs?: RunInputs | null
  readonly newest?: number
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
   * @param inputs fingerprints of what its results depend on; null where they show later, see `checkInputs`
   * @param newest step of the newest checkpoint when the caller looked for one to go on from; 0 where there was none, absent
   *   where none was looked for
   * @throws {UsageError} when it is occupied and neither --resume nor --overwrite was given, when another process holds
   *   it or went on with it since the caller looked, or when settings or inputs differ from those it was begun with; nothing
   *   is changed then
   */
  static async open(
    path: string,
    config: Config,
    services: Services,
    {origins = {}, inputs = null, newest}: RunOpening = {},
  ): Promise<RunDirectory> {
    const {overwrite, command, version} = services
    const isOccupied = (await refuseOccupiedQuietly(config, services)) === 'ours'
    const isMade = await guardWrite('creating', path, () => makeFolder(path))
    const found = {isOccupied, isMade}
    const lock = await lockFolder(path).catch(async (error) => {
      if (isMade) await removeEmpty(path)
      throw error
    })
    const run = new RunDirectory(path, lock, services, found, origins)
    try {
      const begun = isOccupied && !overwrite ? readIdentity(path) : null
      const now = identityOf(config, command, version, inputs ?? begun?.inputs ?? null)
      if (begun) refuseOther(path, begun, now)
      if (begun && newest !== undefined) await refuseOvertaken(path, newest, command)
      // The mark is replaced last: without it, nobody could tell whose the rest is.
      if (isOccupied && overwrite) await removeOwn(path, outputKinds.run.layout, [lockName, outputKinds.run.markFile])
      const sources = sourcesWithOrigins(services.sources, origins)
      await guardWrite('writing', path, async () => {
        await writeIdentity(path, now)
        await replaceText(run.at('config.resolved.yaml'), resolvedYaml(config, sources))
        if (Object.keys(origins).length > 0)
          await replaceText(run.at(originsFile), `${JSON.stringify(origins, null, 2)}\n`)
      })
      await guardWrite('sweeping', path, () => sweepOwn(path, outputKinds.run.layout))
      const log = openAttemptLog(path, services.progress.warn)
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

  /** Opens a table that the run goes on with, see `reopenTable`. */
  reopen<T>(name: string, open: (path: string) => T | Promise<T>): Promise<T> {
    return reopenTable(this.path, name, open)
  }

  /** The path of a table in a folder of the run directory, which is made if need be. */
  async place(folder: string, name: string): Promise<string> {
    this.checkHeld()
    await guardWrite('creating', this.at(folder), () => makeFolder(this.at(folder)))
    return this.at(folder, name)
  }

  /**
   * Checks inputs that show only while a command works, as those of a sweep's points do, or notes them down.
   *
   * @throws {UsageError} when they are not those that the run was begun with
   */
  async checkInputs(inputs: RunInputs): Promise<void> {
    this.checkHeld()
    const begun = readIdentity(this.path)!
    refuseOther(this.path, begun, {...begun, inputs})
    await writeIdentity(this.path, {...begun, inputs})
  }

  /**
   * @throws {RuntimeFailure} when the folder is no longer this run's: what is written then would be a second half of it, or
   *   would mix with another run
   */
  private checkHeld(): void {
    if (this.lock.isHeld()) return
    const {command} = this.services
    throw new RuntimeFailure(
      `${command}: ${this.path} was moved, removed or taken over while the run went on: ${lockName} is gone, or another process's`,
      {suggestions: ['continue a run that was moved with --resume and its new --out', 'choose another --out']},
    )
  }

  /** Folder of the checkpoint of a step. */
  checkpoint(step: number): string {
    return checkpointFolder(this.path, step)
  }

  /** Writes a checkpoint folder: filled beside, flushed, hashed, renamed. */
  async writeCheckpoint(state: TrainerState, companions: Companions, fill: (folder: string) => Promise<void>) {
    this.checkHeld()
    await guardWrite('creating', this.at('checkpoints'), () => makeFolder(this.at('checkpoints')))
    await writeFolder(
      this.checkpoint(state.step),
      async (folder) => {
        await fill(folder)
        for (const part of [folder, join(folder, mergedName)])
          if (existsSync(part)) await writeCompanions(part, companions)
        await writeFile(join(folder, trainerStateFile), `${JSON.stringify(state, null, 2)}\n`)
      },
      {rpt: 'checkpoint', step: state.step, objective: state.objective, origins: this.origins},
    )
  }

  /**
   * Removes per-step tables beyond a step, left by an attempt that went further than its last checkpoint, and what is written
   * at the end of a run: it has not ended any more.
   */
  async dropTablesAfter(step: number): Promise<void> {
    for (const name of ['ledger.arrow', 'summary.json']) await rm(this.at(name), {force: true})
    for (const folder of ['rollouts', 'eval']) {
      if (!existsSync(this.at(folder))) continue
      for (const name of await readdir(this.at(folder)))
        if (stepOf(name) > step) await rm(this.at(folder, name), {recursive: true})
    }
  }

  /** Writes `summary.json`. */
  async writeSummary(summary: object): Promise<void> {
    this.checkHeld()
    await guardWrite('writing', this.at('summary.json'), () =>
      replaceText(this.at('summary.json'), `${JSON.stringify(summary, null, 2)}\n`),
    )
  }

  /** Lets go of the directory; one that was empty before and has no result is left as it was found. */
  async close(): Promise<void> {
    this.log?.close()
    const isVoid = !this.found.isOccupied && this.lock.isHeld() && holdsNoResult(this.path)
    if (isVoid) await removeOwn(this.path, outputKinds.run.layout, [lockName])
    this.lock.release()
    if (isVoid && this.found.isMade) await removeEmpty(this.path)
  }
}
