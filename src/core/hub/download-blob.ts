import {mkdir, rename} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {checkHash, type DownloadWatch, type ExpectedHash, receiveFile, sizeOf} from '../net/receive-file.js'
import {lockBlob} from './blob-lock.js'
import {guardCache, hasSize, type RepositoryCache} from './cache-layout.js'
import type {RemoteFile} from './listing.js'
import type {Remote} from './remote.js'

/**
 * Brings one file of a commit into `blobs/`: under a lock, from where an earlier attempt stopped, checked for size and
 * hash before it gets its name.
 *
 * @throws {DataError} when what comes is not what the Hub lists; nothing of it is kept
 * @throws {RuntimeFailure} when the connection fails again and again, or the disk refuses
 */
export async function downloadBlob(
  remote: Remote,
  cache: RepositoryCache,
  commit: string,
  file: RemoteFile,
  watch: DownloadWatch,
): Promise<void> {
  const blob = join(cache.blobs, file.hash)
  const lock = await lockBlob(join(cache.locks, `${file.hash}.rpt.lock`), remote.signal, (owner) =>
    watch.note(`another process downloads it: ${owner}`),
  )
  try {
    if (hasSize(blob, file.size)) return watch.advance(file.size - sizeOf(partOf(cache, file)))
    const part = partOf(cache, file)
    await guardCache('writing', part, async () => {
      await mkdir(dirname(part), {recursive: true})
      const touch = () => lock.touch()
      await receiveFile(remote, urlOf(remote, commit, file), file, part, {watch, touch})
      await checkHash(remote, file.path, part, hashOf(file), touch)
      await rename(part, blob)
    })
  } finally {
    lock.release()
  }
}

/** Where the bytes are until they are all there; huggingface_hub uses other names. */
export function partOf({blobs}: RepositoryCache, {hash}: RemoteFile): string {
  return join(blobs, `${hash}.rpt.incomplete`)
}

function urlOf({address: {kind, id}, settings}: Remote, commit: string, {path}: RemoteFile): string {
  const name = path.split('/').map(encodeURIComponent).join('/')
  return `${settings.endpoint}/${kind === 'dataset' ? 'datasets/' : ''}${id}/resolve/${commit}/${name}`
}

/** Files of git's large file storage are listed with their sha256, the others with git's own hash. */
function hashOf({hash, size}: RemoteFile): ExpectedHash {
  if (hash.length === 64) return {algorithm: 'sha256', hexadecimal: hash, name: 'sha256'}
  return {algorithm: 'sha1', hexadecimal: hash, before: `blob ${size}\0`, name: 'git sha1'}
}
