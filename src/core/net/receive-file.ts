import {createHash} from 'node:crypto'
import {createReadStream, statSync} from 'node:fs'
import {type FileHandle, open, rm} from 'node:fs/promises'
import {DataError} from '../util/errors.js'
import {ask, type Connection, connected, persist, TransientFailure} from './request.js'

/** A file as the server lists it. */
export interface ListedFile {
  /** As errors name it. */
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/** How a download tells where it is. */
export interface DownloadWatch {
  /** More bytes of the file are here; less than none where the server made us begin again. */
  advance(bytes: number): void
  note(text: string): void
}

/** Who watches, and what is called every now and then while bytes come. */
export interface Transfer {
  readonly watch: DownloadWatch
  touch(): void
}

/** Bytes that an earlier attempt has received of a file. */
export function sizeOf(path: string): number {
  return statSync(path, {throwIfNoEntry: false})?.size ?? 0
}

/**
 * Receives the missing rest of a file and appends it to its part, in as many connections as it takes.
 *
 * @param part path; its folder exists
 * @throws {DataError} when the server sends more or less than it lists
 * @throws {RuntimeFailure} when the connection fails again and again
 */
export async function receiveFile(
  connection: Connection,
  url: string,
  file: ListedFile,
  part: string,
  transfer: Transfer,
): Promise<void> {
  const handle = await open(part, 'a')
  let before = 0
  try {
    if ((await handle.stat()).size > file.size) await restart(handle, transfer.watch)
    await persist(
      connection,
      async () => {
        transfer.touch()
        before = (await handle.stat()).size
        if (before < file.size) await receive(connection, url, file, handle, transfer)
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
  connection: Connection,
  url: string,
  file: ListedFile,
  handle: FileHandle,
  {watch, touch}: Transfer,
): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new DOMException('silent', 'TimeoutError')), connection.idleMs)
  try {
    let at = (await handle.stat()).size
    const response = await ask(connection, url, {
      headers: {'accept-encoding': 'identity', ...(at > 0 && {range: `bytes=${at}-`})},
      signal: AbortSignal.any([connection.signal, silence.signal]),
    })
    if (at > 0 && !continuesAt(response, at)) {
      await restart(handle, watch)
      at = 0
    }
    checkSize(connection, file, response, at)
    const chunks = response.body?.getReader()
    const next = () => connected(connection, async () => chunks?.read())
    for (let chunk = await next(); chunk?.value; chunk = await next()) {
      timer.refresh()
      touch()
      at += chunk.value.byteLength
      if (at > file.size) throw otherSize(connection, file, `more than ${file.size} bytes`)
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
function checkSize(connection: Connection, file: ListedFile, {headers}: Response, at: number): void {
  const length = headers.get('content-length')
  if (length === null || headers.has('content-encoding') || at + Number(length) === file.size) return
  throw otherSize(connection, file, `${at + Number(length)} bytes`)
}

function otherSize({label, endpoint, distrusted}: Connection, {path, size}: ListedFile, seen: string): DataError {
  return new DataError(`${label}: ${path} has ${seen} at ${endpoint}, which lists ${size}`, {
    suggestions: [...distrusted],
  })
}

/** What a file must come to. */
export interface ExpectedHash {
  readonly algorithm: 'sha1' | 'sha256'
  readonly hexadecimal: string
  /** Hashed before the file's bytes, as git does. */
  readonly before?: string
  /** What the hash is called, e.g. `git sha1`. */
  readonly name: string
}

/**
 * Reads a received file back, so that what is named is what the disk holds.
 *
 * @throws {DataError} when it is another than was listed; it is removed
 */
export async function checkHash(
  {label, distrusted}: Connection,
  path: string,
  part: string,
  {algorithm, hexadecimal, before = '', name}: ExpectedHash,
  touch: () => void,
): Promise<void> {
  const hash = createHash(algorithm).update(before)
  for await (const chunk of createReadStream(part, {highWaterMark: 2 ** 20})) {
    touch()
    hash.update(chunk)
  }
  const seen = hash.digest('hex')
  if (seen === hexadecimal) return
  await rm(part)
  throw new DataError(`${label}: ${path} arrived with ${name} ${seen}; expected ${hexadecimal}, as listed`, {
    suggestions: [...distrusted],
  })
}
