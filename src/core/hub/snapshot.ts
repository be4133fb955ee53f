import {existsSync} from 'node:fs'
import {mkdir, statfs} from 'node:fs/promises'
import {join} from 'node:path'
import {sizeOf} from '../net/receive-file.js'
import {DataError, RuntimeFailure} from '../util/errors.js'
import {plural} from '../util/plural.js'
import type {Progress} from '../util/progress.js'
import {isCommit} from './address.js'
import {
  guardCache,
  hasSize,
  linkBlob,
  type RepositoryCache,
  readRef,
  repositoryCache,
  snapshotFiles,
  writeRef,
} from './cache-layout.js'
import {downloadBlob, partOf} from './download-blob.js'
import {nameFault} from './file-names.js'
import {fetchCommit, listCommit, type RemoteFile, readTree} from './listing.js'
import {type FileFilter, missingModelFiles} from './model-files.js'
import type {Remote} from './remote.js'

/** Files of one commit on this machine. */
export interface Snapshot {
  /** Absolute path. */
  readonly folder: string
  readonly commit: string
  /** Names of the files asked for, sorted. */
  readonly files: readonly string[]
}

/** What is wanted of a repository. */
export interface SnapshotRequest {
  /** Chooses among its files. */
  readonly files: FileFilter
  readonly progress: Progress
  /** Commits that were asked for; what is asked is added. Absent to ask each time. */
  readonly commits?: Map<string, string>
}

/** Brings the files of a commit that are wanted into the cache, except those that it has. */
export async function fetchSnapshot(
  remote: Remote,
  {files: filter, progress, commits = new Map()}: SnapshotRequest,
): Promise<Snapshot> {
  const {address, settings} = remote
  const cache = repositoryCache(settings, address)
  if (settings.isOffline) return cachedSnapshot(remote, cache, filter)
  const commit = isCommit(address.revision) ? address.revision : await askOnce(remote, commits)
  const wanted = choose(await listCommit(remote, cache, commit), filter, address.label)
  await writeRef(cache, address.revision, commit)
  const folder = join(cache.snapshots, commit)
  const absent = wanted.filter(({path, size}) => !hasSize(join(folder, path), size))
  if (absent.length > 0) await download(remote, cache, commit, absent, progress)
  return {folder, commit, files: wanted.map(({path}) => path)}
}

/** The commit of a branch or tag: the one that was asked for before, else the Hub's. */
async function askOnce(remote: Remote, commits: Map<string, string>): Promise<string> {
  const {kind, id, revision} = remote.address
  const key = `${kind} ${id}@${revision}`
  const commit = commits.get(key) ?? (await fetchCommit(remote))
  commits.set(key, commit)
  return commit
}

async function download(
  remote: Remote,
  cache: RepositoryCache,
  commit: string,
  absent: readonly RemoteFile[],
  progress: Progress,
): Promise<void> {
  const missing = distinctBlobs(absent.filter(({hash, size}) => !hasSize(join(cache.blobs, hash), size)))
  const toFetch = new Set(missing)
  const total = missing.reduce((sum, {size}) => sum + size, 0)
  const begun = missing.reduce((sum, file) => sum + Math.min(file.size, sizeOf(partOf(cache, file))), 0)
  if (missing.length > 0) await checkSpace(remote, cache, total - begun)
  const stage = missing.length > 0 ? progress.stage(`download ${remote.address.id}`, total, 'bytes', begun) : null
  const folder = join(cache.snapshots, commit)
  for (const file of absent) {
    stage?.note(file.path)
    if (stage && toFetch.has(file)) await downloadBlob(remote, cache, commit, file, watchOf(stage))
    await linkBlob(folder, file.path, join(cache.blobs, file.hash))
  }
  stage?.done(`${plural(missing.length, 'file')}, ${total} bytes`)
}

/** The first file of each content: the cache keeps it once. */
function distinctBlobs(files: readonly RemoteFile[]): RemoteFile[] {
  const firsts = new Map(files.toReversed().map((file) => [file.hash, file]))
  return files.filter((file) => firsts.get(file.hash) === file)
}

function watchOf(stage: ReturnType<Progress['stage']>) {
  return {advance: (bytes: number) => stage.advance(bytes), note: (text: string) => stage.note(text)}
}

async function checkSpace({address, settings}: Remote, {blobs}: RepositoryCache, bytes: number): Promise<void> {
  const {bavail, bsize} = await guardCache('writing', blobs, async () => {
    await mkdir(blobs, {recursive: true})
    return statfs(blobs)
  })
  if (bytes <= bavail * bsize) return
  throw new RuntimeFailure(`${address.label}: needs ${bytes} bytes; ${settings.cache} has room for ${bavail * bsize}`, {
    suggestions: ['free some space', 'set HF_HUB_CACHE to a folder on another disk'],
  })
}

function choose(listed: readonly RemoteFile[], filter: FileFilter, label: string): RemoteFile[] {
  const names = listed.map(({path}) => path)
  const wanted = listed.filter(({path}) => filter(path, names))
  for (const {path} of wanted) {
    const fault = nameFault(path)
    if (fault) throw new DataError(`${label}: the file name ${JSON.stringify(path)} ${fault}; nothing was written`)
  }
  if (wanted.length > 0) return wanted
  const seen = names.slice(0, 5).join(', ') + (names.length > 5 ? `, ${names.length - 5} more` : '')
  throw new DataError(`${label}: none of its files can be used; it has ${seen || 'none'}`, {
    suggestions: ['check the id and whether it is a model or a dataset', 'name another revision with @'],
  })
}

/** What the cache has of a revision. Without a listing the files that are there are taken to be all there are. */
async function cachedSnapshot(remote: Remote, cache: RepositoryCache, filter: FileFilter): Promise<Snapshot> {
  const {address} = remote
  const commit = isCommit(address.revision) ? address.revision : readRef(cache, address.revision)
  if (commit === null) throw notCached(remote, cache, `revision ${address.revision}`)
  const folder = join(cache.snapshots, commit)
  const listed = readTree(cache, commit)
  if (listed === null) {
    const names = await snapshotFiles(folder)
    const files = names.filter((name) => filter(name, names))
    if (files.length === 0) throw notCached(remote, cache, `any file of commit ${commit}`)
    const absent = address.kind === 'model' ? missingModelFiles(folder, names, filter) : []
    if (absent.length > 0) throw notCached(remote, cache, absent.join(', '))
    return {folder, commit, files}
  }
  const wanted = choose(listed, filter, address.label)
  const absent = wanted.filter(({path, size}) => !hasSize(join(folder, path), size)).map(({path}) => path)
  if (absent.length > 0) throw notCached(remote, cache, absent.join(', '))
  return {folder, commit, files: wanted.map(({path}) => path)}
}

/** What is offline and not in the cache. */
export class NotCached extends DataError {
  override name = 'DataError'
}

function notCached({address, settings}: Remote, {root}: RepositoryCache, what: string): NotCached {
  const {id, kind, revision, label, sought, hints} = address
  const isKnown = existsSync(root)
  const options = `${kind === 'dataset' ? ' --repo-type dataset' : ''}${revision === 'main' ? '' : ` --revision ${revision}`}`
  const place = isKnown ? root : settings.cache
  return new NotCached(`${isKnown ? label : sought}: HF_HUB_OFFLINE is set and ${place} does not have ${what}`, {
    suggestions: [
      ...(isKnown ? [] : hints),
      'run it once without HF_HUB_OFFLINE',
      `or bring it here: hf download ${id}${options}`,
    ],
  })
}
