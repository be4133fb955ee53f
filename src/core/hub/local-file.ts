import {createHash} from 'node:crypto'
import {createReadStream} from 'node:fs'
import {Readable} from 'node:stream'
import type {RemoteFile} from './listing.js'

/** A file of this machine that a repository is to hold, as it was read once. */
export interface LocalFile {
  /** Name in the repository, parts divided by '/'. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Of the content, hexadecimal. */
  readonly sha256: string
  /** As git names the content where it keeps it itself: sha1, hexadecimal. */
  readonly gitHash: string
  /** Absolute path, or the content itself. */
  readonly source: string | Buffer
}

/**
 * Reads a whole file and computes its hashes.
 *
 * @param size its expected size, bytes
 * @param advance told of each piece that was read, bytes
 */
export async function readLocal(
  path: string,
  source: string | Buffer,
  size: number,
  advance: (bytes: number) => void,
): Promise<LocalFile> {
  const [content, git] = [createHash('sha256'), createHash('sha1').update(`blob ${size}\0`)]
  const chunks =
    typeof source === 'string' ? createReadStream(source, {highWaterMark: 2 ** 20}) : Readable.from([source])
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    content.update(chunk)
    git.update(chunk)
    advance(chunk.length)
  }
  return {path, size, sha256: content.digest('hex'), gitHash: git.digest('hex'), source}
}

/** Whether a repository has the content of a file already. */
export function isSame({size, sha256, gitHash}: LocalFile, listed: RemoteFile | undefined): boolean {
  if (listed?.size !== size) return false
  return listed.hash === (listed.hash.length === 64 ? sha256 : gitHash)
}
