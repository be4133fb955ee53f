import {existsSync, readdirSync, realpathSync} from 'node:fs'
import {mkdir, rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {UsageError} from '../util/errors.js'
import {syncFolder} from './durable.js'
import {type Manifest, type ManifestFields, manifestName, readManifest, seal, writeFolder} from './folder.js'
import {findForeign, type Layout, namesIn, probeName} from './layout.js'
import {lockFolder, lockName} from './lock.js'
import {guardWrite} from './storage-error.js'
import {
  ownerOfTemporary,
  replacedName,
  sweepTemporary,
  temporaryName,
  whileInUse,
  withoutTemporarySuffix,
} from './temporary.js'

/**
 * Fills an output folder: one that is not there is made beside and renamed; one that is keeps its place, mode and owner, be
 * it a link's end or a mount point. What a layout has of an earlier result is replaced.
 *
 * In a folder that is there, files are made under a staging name inside it, then renamed one by one, the manifest last; on
 * failure the folder is left as it was found.
 *
 * @throws {UsageError} when another process fills the folder, or something that is not of the layout has appeared in it
 * @throws {RuntimeFailure} when the file system refuses; what `fill` throws passes unchanged
 */
export async function fillOutput(
  target: string,
  layout: Layout,
  fill: (folder: string) => Promise<void>,
  fields: () => ManifestFields,
): Promise<Manifest> {
  if (!existsSync(target)) return writeFolder(target, fill, fields, 'new')
  const folder = realpathSync(target)
  const lock = await lockFolder(folder)
  try {
    return await guardWrite('writing', folder, () => fillInPlace(folder, layout, fill, fields))
  } finally {
    lock.release()
  }
}

async function fillInPlace(
  folder: string,
  layout: Layout,
  fill: (folder: string) => Promise<void>,
  fields: () => ManifestFields,
): Promise<Manifest> {
  await restoreLocked(folder)
  for (const only of [lockName, probeName]) await sweepTemporary(folder, {only, isLocked: true})
  const place = join(folder, stagingTarget)
  const staging = temporaryName(place)
  return whileInUse(place, async () => {
    try {
      await mkdir(staging)
      await fill(staging)
      const manifest = await seal(staging, fields())
      const foreign = findForeign(folder, {...layout, folders: [...(layout.folders ?? []), ownStaging]})
      if (foreign !== undefined)
        throw new UsageError(`${join(folder, foreign)} appeared while the folder was filled; nothing was written`)
      await moveIn(staging, replacedName(place), folder)
      return manifest
    } catch (error) {
      await undo(staging, replacedName(place), folder)
      throw error
    }
  })
}

/** Temporaries inside a folder are those of this name. */
const stagingTarget = 'staging'
const ownStaging = [/^staging$/, () => ({files: /./})] as const

/** The old files aside, the manifest first; the new ones in, the manifest last. At no moment does a mixture look whole. */
async function moveIn(staging: string, replaced: string, folder: string): Promise<void> {
  await mkdir(replaced)
  for (const name of manifestAt('first', contentOf(folder))) await rename(join(folder, name), join(replaced, name))
  for (const name of manifestAt('last', contentOf(staging))) await rename(join(staging, name), join(folder, name))
  await syncFolder(folder)
  await rm(replaced, {recursive: true})
  await rm(staging, {recursive: true})
}

function contentOf(folder: string): string[] {
  return namesIn(folder).filter((name) => name !== lockName && ownerOfTemporary(name) === null)
}

function manifestAt(place: 'first' | 'last', names: readonly string[]): string[] {
  const others = names.filter((name) => name !== manifestName)
  if (others.length === names.length) return others
  return place === 'first' ? [manifestName, ...others] : [...others, manifestName]
}

/**
 * Takes back what `moveIn` did so far, unless it had come to its end. It may be killed and begun again: all of the new goes
 * back before the first of the old does, and what still says that there is something to take back goes last.
 */
async function undo(staging: string, replaced: string, folder: string): Promise<void> {
  const manifest = readManifest(join(staging, manifestName))
  if (existsSync(replaced) && typeof manifest !== 'string') {
    const names = new Set(Object.keys(manifest.files).map((path) => path.split('/')[0]))
    const moved = [...names].filter((name) => !existsSync(join(staging, name)) && existsSync(join(folder, name)))
    for (const name of moved) await rename(join(folder, name), join(staging, name))
    for (const name of manifestAt('last', namesIn(replaced))) await rename(join(replaced, name), join(folder, name))
  }
  for (const leftover of [replaced, staging]) await rm(leftover, {recursive: true, force: true})
}

/**
 * Puts a folder in order that a killed process was filling: as it was before, or as it was to become.
 *
 * @throws {UsageError} when another process fills it now
 */
export async function restoreFolder(folder: string): Promise<void> {
  if (fillersOf(folder).length === 0) return
  const lock = await lockFolder(folder)
  try {
    await restoreLocked(folder)
  } finally {
    lock.release()
  }
}

/** Who began to fill a folder that this process has locked is dead, on whatever machine it was. */
async function restoreLocked(folder: string): Promise<void> {
  const place = join(folder, stagingTarget)
  for (const owner of fillersOf(folder)) await undo(temporaryName(place, owner), replacedName(place, owner), folder)
}

function fillersOf(folder: string): string[] {
  const staged = readdirSync(folder).filter((name) => withoutTemporarySuffix(name) === stagingTarget)
  return [...new Set(staged.flatMap((name) => ownerOfTemporary(name) ?? []))]
}
