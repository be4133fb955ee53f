import {existsSync, readFileSync, statSync} from 'node:fs'
import {copyFile, mkdir, readdir, readlink, realpath, rename, rm, symlink, writeFile} from 'node:fs/promises'
import {dirname, join, relative, sep} from 'node:path'
import {temporaryName} from '../files/index.js'
import {DataError, RptError, RuntimeFailure} from '../util/errors.js'
import {type HubAddress, isCommit} from './address.js'
import type {HubSettings} from './settings.js'

/** Folders of one repository in the cache, as huggingface_hub lays them out. */
export interface RepositoryCache {
  /** `models--owner--name`. */
  readonly root: string
  /** Content by name: sha256 of large files, git's sha1 of small ones. */
  readonly blobs: string
  /** One folder per commit, of links to blobs. */
  readonly snapshots: string
  /** Branch or tag -> commit. */
  readonly refs: string
  /** Listing of a commit's files, `COMMIT.json`. */
  readonly trees: string
  readonly locks: string
}

/** Where a repository is kept; nothing need exist. */
export function repositoryCache({cache}: HubSettings, {kind, id}: HubAddress): RepositoryCache {
  const name = [`${kind}s`, ...id.split('/')].join('--')
  const at = (folder: string) => join(cache, name, folder)
  return {
    root: join(cache, name),
    blobs: at('blobs'),
    snapshots: at('snapshots'),
    refs: at('refs'),
    trees: at('trees'),
    locks: join(cache, '.locks', name),
  }
}

/** The commit that a branch or tag had when it was last looked up; null where the cache does not know. */
export function readRef({refs}: RepositoryCache, revision: string): string | null {
  const file = join(refs, revision)
  if (!statSync(file, {throwIfNoEntry: false})?.isFile()) return null
  const commit = readFileSync(file, 'utf8').trim()
  return isCommit(commit) ? commit : null
}

/** Notes the commit of a branch or tag, see `writeNote`. */
export async function writeRef(cache: RepositoryCache, revision: string, commit: string): Promise<void> {
  if (isCommit(revision) || readRef(cache, revision) === commit) return
  await writeNote(join(cache.refs, revision), commit)
}

/**
 * Writes what saves a later request, so that a reader sees its old or its new content. A cache that is read-only goes without:
 * it may hold all files that are wanted.
 */
export async function writeNote(file: string, text: string): Promise<void> {
  await guardCache('writing', file, () => replaceText(file, text).catch(unlessReadOnly))
}

async function replaceText(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), {recursive: true})
  const beside = ownName(file)
  await writeFile(beside, text)
  await rename(beside, file)
}

const readOnly: ReadonlySet<string | undefined> = new Set(['EROFS', 'EACCES', 'EPERM'])

function unlessReadOnly(error: NodeJS.ErrnoException): void {
  if (!readOnly.has(error.code)) throw error
}

let temporaries = 0

/** A name beside `path` that nothing else of this process uses, nor another process of any machine. */
function ownName(path: string): string {
  return temporaryName(`${path}.${temporaries++}`)
}

/** Whether a file, or what a link leads to, is there with that many bytes. */
export function hasSize(path: string, size: number): boolean {
  const found = statSync(path, {throwIfNoEntry: false})
  return found?.isFile() === true && found.size === size
}

/** Names of the files in a snapshot, links followed, parts divided by '/', sorted; none where there is no such folder. */
export async function snapshotFiles(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return []
  const names = await readdir(folder, {recursive: true})
  return names
    .filter((name) => statSync(join(folder, name), {throwIfNoEntry: false})?.isFile())
    .map((name) => name.split(sep).join('/'))
    .sort()
}

/**
 * Makes `snapshots/COMMIT/name` a relative link to a blob; a copy where the system has no links for us.
 *
 * @throws {DataError} when a folder on the way is a link that leads out of the snapshot
 */
export async function linkBlob(snapshot: string, name: string, blob: string): Promise<void> {
  const path = join(snapshot, ...name.split('/'))
  await guardCache('linking', path, async () => {
    await mkdir(dirname(path), {recursive: true})
    const [inside, root] = await Promise.all([realpath(dirname(path)), realpath(snapshot)])
    if (inside !== root && !inside.startsWith(root + sep))
      throw new DataError(`${path} would be written to ${inside}, outside of the snapshot`, {
        suggestions: [`remove the link from ${snapshot}`],
      })
    const target = relative(dirname(path), blob)
    if ((await linkTarget(path)) === target) return
    const beside = ownName(path)
    await rm(beside, {force: true})
    await symlink(target, beside).catch((error) => {
      if (!hasNoLinks.has(error.code)) throw error
      return copyFile(blob, beside)
    })
    await rename(beside, path)
  })
}

const hasNoLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

async function linkTarget(path: string): Promise<string | null> {
  return readlink(path).catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'EINVAL') return null
    throw error
  })
}

/**
 * Runs `body`, which writes to the cache.
 *
 * @throws {RuntimeFailure} naming path and errno when the file system refuses; other errors pass unchanged
 */
export async function guardCache<T>(action: string, path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | null)?.code
    if (error instanceof RptError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) throw error
    throw new RuntimeFailure(`${action} ${path}: the file system refused (${code})`, {
      suggestions: ['free some space, or check who may write there', 'set HF_HUB_CACHE to another folder'],
      cause: error,
    })
  }
}
