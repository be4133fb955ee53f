import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {DataError} from '../util/errors.js'
import {isCommit} from './address.js'
import {type RepositoryCache, writeNote} from './cache-layout.js'
import {escapeFault} from './file-names.js'
import {asker, inquire} from './library.js'
import type {Remote} from './remote.js'

/** A file of a commit, as the Hub lists it. */
export interface RemoteFile {
  /** Relative, parts divided by '/'. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Hexadecimal: sha256 of the content where git keeps a pointer (LFS), else git's sha1 of the blob. */
  readonly hash: string
  /** As huggingface_hub notes it. */
  readonly noted: NotedFile
}

/** A file in `trees/COMMIT.json`, whose form is huggingface_hub's. */
interface NotedFile {
  readonly size: number
  readonly blob_id: string
  readonly lfs_sha256?: string
  readonly lfs_size?: number
  readonly xet_hash?: string
}

/** What is read of an entry that the library lists. */
interface Entry {
  readonly path: string
  readonly size: number
  readonly oid?: string
  readonly lfs?: {readonly oid: string; readonly size: number}
  readonly xetHash?: string
}

/** Asks the Hub which commit a revision means. */
export async function fetchCommit(remote: Remote): Promise<string> {
  const {modelInfo, datasetInfo} = await import('@huggingface/hub')
  const {id, kind, revision, label} = remote.address
  const {endpoint} = remote.settings
  const question = {name: id, revision, hubUrl: endpoint, fetch: asker(remote), additionalFields: ['sha' as const]}
  const {sha} = await inquire<{sha?: string}>(remote, () =>
    kind === 'model' ? modelInfo(question) : datasetInfo(question),
  )
  if (typeof sha === 'string' && isCommit(sha)) return sha
  throw new DataError(`${label}: ${endpoint} gave ${JSON.stringify(sha)} for revision ${revision}; expected a commit`)
}

/** Files of a commit: from the cache where a listing was noted, else from the Hub, and then noted. Throws as `fetchListing`. */
export async function listCommit(
  remote: Remote,
  cache: RepositoryCache,
  commit: string,
): Promise<readonly RemoteFile[]> {
  const known = readTree(cache, commit)
  if (known) return known
  const listed = await fetchListing(remote, commit)
  const tree = {format_version: 1, files: Object.fromEntries(listed.map(({path, noted: file}) => [path, file]))}
  await writeNote(treeFile(cache, commit), JSON.stringify(tree, null, 1))
  return listed
}

/**
 * Files of a commit as the Hub lists them, sorted by path.
 *
 * @throws {DataError} when a name could lead out of the folder that the files are put into
 */
export async function fetchListing(remote: Remote, commit: string): Promise<readonly RemoteFile[]> {
  const {listFiles} = await import('@huggingface/hub')
  const {id, kind, label} = remote.address
  const question = {
    repo: {type: kind, name: id},
    revision: commit,
    recursive: true,
    hubUrl: remote.settings.endpoint,
    fetch: asker(remote),
  }
  const files = await inquire(remote, async () => {
    const entries: Entry[] = []
    for await (const entry of listFiles(question)) if (entry.type === 'file') entries.push(entry)
    return entries
  })
  const noted = files.map(({path, size, oid, lfs, xetHash}): [string, NotedFile] => [
    path,
    {
      size,
      blob_id: oid ?? '',
      ...(lfs && {lfs_sha256: lfs.oid, lfs_size: lfs.size}),
      ...(xetHash && {xet_hash: xetHash}),
    },
  ])
  return noted.map(([path, file]) => remoteFile(path, file, label)).sort(byPath)
}

/** The listing noted for a commit; null where there is none, or one of another form. */
export function readTree(cache: RepositoryCache, commit: string): readonly RemoteFile[] | null {
  const file = treeFile(cache, commit)
  if (!existsSync(file)) return null
  const tree = parseTree(readFileSync(file, 'utf8'))
  if (tree?.format_version !== 1 || typeof tree.files !== 'object' || tree.files === null) return null
  return Object.entries(tree.files as Record<string, NotedFile>)
    .map(([path, noted]) => remoteFile(path, noted, file))
    .sort(byPath)
}

function parseTree(text: string): {format_version?: unknown; files?: unknown} | null {
  try {
    return JSON.parse(text)
  } catch {
    // A damaged note is as good as none: the Hub is asked again.
    return null
  }
}

function treeFile({trees}: RepositoryCache, commit: string): string {
  return join(trees, `${commit}.json`)
}

function byPath(a: RemoteFile, b: RemoteFile): number {
  return a.path < b.path ? -1 : 1
}

function remoteFile(path: string, noted: NotedFile, from: string): RemoteFile {
  const fault = typeof path === 'string' ? escapeFault(path) : 'is no text'
  if (fault)
    throw new DataError(`${from}: the file name ${JSON.stringify(path)} ${fault}; nothing was written`, {
      suggestions: ['tell the owner of the repository', 'use another revision or repository'],
    })
  const size = noted?.lfs_size ?? noted?.size
  const hash = noted?.lfs_sha256 ?? noted?.blob_id
  const isHash = /^[0-9a-f]+$/.test(hash) && hash.length === (noted.lfs_sha256 === undefined ? 40 : 64)
  if (isHash && Number.isSafeInteger(size) && size >= 0) return {path, size, hash, noted}
  throw new DataError(`${from}: ${path} is listed with size ${size} and hash ${JSON.stringify(hash)}; expected both`)
}
