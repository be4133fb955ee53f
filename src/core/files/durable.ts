import type {FileHandle} from 'node:fs/promises'
import {open, rename, rm} from 'node:fs/promises'
import {dirname} from 'node:path'
import {guardWrite} from './storage-error.js'
import {temporaryName, whileInUse} from './temporary.js'

/** Flushes a folder, so that the names in it survive a power failure (no effect where the system cannot). */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
  } finally {
    await handle.close()
  }
}

/**
 * Writes a file so that `path` holds either what it held before or all of the new content, at any moment.
 *
 * Written beside, flushed, renamed, folder flushed.
 *
 * @throws {RuntimeFailure} when the file system refuses; nothing is left beside
 */
export async function replaceFile(path: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  await guardWrite('writing', path, () => whileInUse(path, () => fillAndRename(path, fill)))
}

async function fillAndRename(path: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path)
  try {
    const handle = await open(temporary, 'w')
    try {
      await fill(handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    // The first error is the one to report; what is left here is swept later.
    await rm(temporary, {force: true}).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(path))
}

/** Writes all of `bytes` at the handle's end, in pieces that every system accepts. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  const piece = 2 ** 30
  let at = 0
  while (at < bytes.byteLength) {
    const {bytesWritten} = await handle.write(bytes, at, Math.min(piece, bytes.byteLength - at))
    at += bytesWritten
  }
}

/** Writes a text file as `replaceFile` does: `path` holds either its old content or all of the new. */
export async function replaceText(path: string, text: string): Promise<void> {
  await replaceFile(path, (handle) => writeFully(handle, Buffer.from(text)))
}
