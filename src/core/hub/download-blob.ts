import {createHash} from 'node:crypto'
import {createReadStream, statSync} from 'node:fs'
import {type FileHandle, mkdir, open, rename, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {DataError} from '../util/errors.js'
import {type BlobLock, lockBlob} from './blob-lock.js'
import {guardCache, hasSize, type RepositoryCache} from './cache-layout.js'
import type {RemoteFile} from './listing.js'
import {ask, connected, persist, type Remote, TransientFailure} from './request.js'

/** How a download tells where it is. */
export interface DownloadWatch {
  /** More bytes of the file are here; less than none where the server made us begin again. */
  advance(bytes: number): void
  note(text: string): void
}

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
      await transfer(remote, urlOf(remote, commit, file), file, part, {lock, watch})
      await check(remote, file, part, lock)
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

/** Bytes of a file that are here from an earlier attempt. */
export function sizeOf(path: string): number {
  return statSync(path, {throwIfNoEntry: false})?.size ?? 0
}

function urlOf({address: {kind, id}, settings}: Remote, commit: string, {path}: RemoteFile): string {
  const name = path.split('/').map(encodeURIComponent).join('/')
  return `${settings.endpoint}/${kind === 'dataset' ? 'datasets/' : ''}${id}/resolve/${commit}/${name}`
}

interface Transfer {
  readonly lock: BlobLock
  readonly watch: DownloadWatch
}

async function transfer(remote: Remote, url: string, file: RemoteFile, part: string, work: Transfer): Promise<void> {
  const handle = await open(part, 'a')
  let before = 0
  try {
    if ((await handle.stat()).size > file.size) await restart(handle, work.watch)
    await persist(
      remote,
      async () => {
        work.lock.touch()
        before = (await handle.stat()).size
        if (before < file.size) await receive(remote, url, file, handle, work)
      },
      () => sizeOf(part) > before,
    )
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** One connection: appends what comes to the part that is there. */
async function receive(
  remote: Remote,
  url: string,
  file: RemoteFile,
  handle: FileHandle,
  {lock, watch}: Transfer,
): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new DOMException('silent', 'TimeoutError')), remote.idleMs)
  try {
    let at = (await handle.stat()).size
    const response = await ask(remote, url, {
      headers: {'accept-encoding': 'identity', ...(at > 0 && {range: `bytes=${at}-`})},
      signal: AbortSignal.any([remote.signal, silence.signal]),
    })
    if (at > 0 && !continuesAt(response, at)) {
      await restart(handle, watch)
      at = 0
    }
    checkSize(remote, file, response, at)
    const chunks = response.body?.getReader()
    const next = () => connected(remote, async () => chunks?.read())
    for (let chunk = await next(); chunk?.value; chunk = await next()) {
      timer.refresh()
      lock.touch()
      at += chunk.value.byteLength
      if (at > file.size) throw otherSize(remote, file, `more than ${file.size} bytes`)
      await handle.appendFile(chunk.value)
      watch.advance(chunk.value.byteLength)
    }
    if (at < file.size)
      throw new TransientFailure(`${file.path}: the connection ended after ${at} of ${file.size} bytes`)
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

async function restart(handle: FileHandle, watch: DownloadWatch): Promise<void> {
  watch.advance(-(await handle.stat()).size)
  await handle.truncate(0)
}

function continuesAt({status, headers}: Response, at: number): boolean {
  return status === 206 && Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1]) === at
}

/** Refuses an answer whose announced length is not the listed one, before it is read. */
function checkSize(remote: Remote, file: RemoteFile, {headers}: Response, at: number): void {
  const length = headers.get('content-length')
  if (length === null || headers.has('content-encoding') || at + Number(length) === file.size) return
  throw otherSize(remote, file, `${at + Number(length)} bytes`)
}

function otherSize({address, settings}: Remote, {path, size}: RemoteFile, seen: string): DataError {
  return new DataError(`${address.label}: ${path} has ${seen} at ${settings.endpoint}, which lists ${size}`, {
    suggestions: distrust,
  })
}

const distrust = ['run it again', 'if it stays so, a proxy or mirror (HF_ENDPOINT) alters the files']

/** Reads the whole part back, so that what is named is what the disk holds. */
async function check({address}: Remote, file: RemoteFile, part: string, lock: BlobLock): Promise<void> {
  const {hash: expected, path, size} = file
  const isSha256 = expected.length === 64
  const hash = createHash(isSha256 ? 'sha256' : 'sha1')
  if (!isSha256) hash.update(`blob ${size}\0`)
  for await (const chunk of createReadStream(part, {highWaterMark: 2 ** 20})) {
    lock.touch()
    hash.update(chunk)
  }
  const seen = hash.digest('hex')
  if (seen === expected) return
  await rm(part)
  const kind = isSha256 ? 'sha256' : 'git sha1'
  throw new DataError(`${address.label}: ${path} arrived with ${kind} ${seen}; the Hub lists ${expected}`, {
    suggestions: distrust,
  })
}
