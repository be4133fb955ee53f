import {existsSync, statSync} from 'node:fs'
import {open, readdir, rename, rm, writeFile} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {z} from 'zod'
import {DataError, UsageError} from '../util/errors.js'
import {syncFolder} from './durable.js'
import {hashFile, listFiles} from './fingerprint.js'
import {makeFolder} from './make-folder.js'
import {readJsonOf} from './own-json.js'
import {guardRead, guardWrite} from './storage-error.js'
import {replacedName, temporaryName, whileInUse} from './temporary.js'

/** What a caller adds to a manifest; `files` is taken. */
export type ManifestFields = Readonly<Record<string, unknown>> & {readonly files?: never}

/** `manifest.json` of a folder: size in bytes and sha256 of every file, by path, and the caller's fields. */
export interface Manifest {
  readonly files: Readonly<Record<string, {readonly size: number; readonly sha256: string}>>
  readonly [field: string]: unknown
}

/** Whether a folder is all there. */
export type Verdict =
  | {readonly kind: 'valid'; readonly manifest: Manifest}
  | {readonly kind: 'invalid'; readonly reason: string}

/** The file that says that a folder is whole. */
export const manifestName = 'manifest.json'
const manifest: z.ZodType<Manifest> = z.looseObject({
  files: z.record(z.string(), z.object({size: z.int(), sha256: z.string()})),
})

/**
 * Makes a folder that is either absent, as it was, or complete, at any moment.
 *
 * `fill` writes into a folder beside; its files are flushed and hashed, `manifest.json` is written last, and the folder is
 * renamed to `target`.
 *
 * @param fields what else the manifest says; a function is called after `fill`
 * @param place `replace`: a folder that was there is replaced. `new`: there was none, and one that has appeared meanwhile is
 *   somebody's
 * @throws {RuntimeFailure} when the file system refuses; what `fill` throws passes unchanged; nothing is left beside
 */
export async function writeFolder(
  target: string,
  fill: (folder: string) => Promise<void>,
  fields: ManifestFields | (() => ManifestFields) = {},
  place: 'new' | 'replace' = 'replace',
): Promise<Manifest> {
  const path = resolve(target)
  return guardWrite('writing', path, () =>
    whileInUse(path, async () => {
      const folder = temporaryName(path)
      try {
        await rm(folder, {recursive: true, force: true})
        await makeFolder(folder)
        await fill(folder)
        const manifest = await seal(folder, typeof fields === 'function' ? fields() : fields)
        if (place === 'new') refuseTaken(path)
        await swapIn(folder, path)
        return manifest
      } catch (error) {
        // The first error is the one to report; what is left here is swept later.
        await rm(folder, {recursive: true, force: true}).catch(() => undefined)
        throw error
      }
    }),
  )
}

function refuseTaken(path: string): void {
  if (!existsSync(path)) return
  throw new UsageError(`${path} was created by somebody else meanwhile; nothing was written`, {
    suggestions: ['choose another --out'],
  })
}

/** Flushes everything in a folder and writes its manifest. */
export async function seal(folder: string, fields: ManifestFields): Promise<Manifest> {
  const paths = listFiles(folder).filter((path) => path !== manifestName)
  const files = Object.fromEntries(
    paths.map((path) => [path, {size: statSync(join(folder, path)).size, sha256: hashFile(join(folder, path))}]),
  )
  const manifest = {...fields, files}
  await writeFile(join(folder, manifestName), `${JSON.stringify(manifest, null, 2)}\n`)
  for (const path of [...paths, manifestName]) await syncFile(join(folder, path))
  await syncFolders(folder)
  return manifest
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, {withFileTypes: true})) {
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name))
  }
  await syncFolder(folder)
}

async function swapIn(folder: string, path: string): Promise<void> {
  const replaced = replacedName(path)
  await rm(replaced, {recursive: true, force: true})
  if (existsSync(path)) await rename(path, replaced)
  await rename(folder, path)
  await syncFolder(dirname(path))
  await rm(replaced, {recursive: true, force: true})
}

/**
 * Removes a folder, its name first: what a killed process leaves of it is swept later, and nobody takes it for a whole one.
 *
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function removeFolder(path: string): Promise<void> {
  const leaving = temporaryName(path)
  await guardWrite('removing', path, async () => {
    await rename(path, leaving)
    await rm(leaving, {recursive: true})
  })
}

/**
 * Checks that a folder has a manifest and that every file in it has the size and the sha256 that it says.
 *
 * @param depth `sizes` leaves the contents unread
 * @param isMeant files that are looked at
 */
export function verifyFolder(
  target: string,
  depth: 'sizes' | 'contents' = 'contents',
  isMeant: (path: string) => boolean = () => true,
): Verdict {
  const manifest = readManifest(join(target, manifestName))
  if (typeof manifest === 'string') return {kind: 'invalid', reason: manifest}
  for (const [path, expected] of Object.entries(manifest.files).filter(([path]) => isMeant(path))) {
    const reason = findFault(target, path, expected, depth)
    if (reason !== null) return {kind: 'invalid', reason}
  }
  return {kind: 'valid', manifest}
}

/** What a manifest says, or why it says nothing. */
export function readManifest(path: string): Manifest | string {
  if (!existsSync(path)) return `${path} is missing`
  try {
    return readJsonOf(path, manifest, 'what a folder holds')
  } catch (error) {
    if (error instanceof DataError) return error.message
    throw error
  }
}

/** Says that a file is not what its manifest says, with the first digits of both hashes. */
export function otherHash(file: string, found: string, expected: string): string {
  const short = (hash: string) => hash.slice(0, 12)
  return `${file} has changed: its sha256 begins with ${short(found)}, the manifest's with ${short(expected)}`
}

function findFault(
  folder: string,
  path: string,
  {size, sha256}: Manifest['files'][string],
  depth: 'sizes' | 'contents',
): string | null {
  if (path.startsWith('/') || path.split(/[\\/]/).includes('..') || path.includes('\0'))
    return `the manifest names ${JSON.stringify(path)}, outside the folder`
  const file = join(folder, path)
  try {
    const seen = guardRead('reading', file, () => statSync(file, {throwIfNoEntry: false}))
    if (!seen) return `${file} is missing`
    if (!seen.isFile()) return `${file} is not a regular file`
    if (seen.size !== size) return `${file} has ${seen.size} bytes, expected ${size}`
    if (depth === 'sizes') return null
    const found = hashFile(file)
    return found === sha256 ? null : otherHash(file, found, sha256)
  } catch (error) {
    if (error instanceof DataError) return error.message
    throw error
  }
}
