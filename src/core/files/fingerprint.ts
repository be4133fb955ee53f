import {createHash} from 'node:crypto'
import {closeSync, openSync, readdirSync, readSync, statSync} from 'node:fs'
import {basename, join} from 'node:path'
import {DataError} from '../util/errors.js'
import {checkPlainFile} from '../util/plain-file.js'
import {guardRead} from './storage-error.js'

/** What a result depends on: files or folders by content and name, and the options. */
export interface Fingerprint {
  /** In the order that matters to the result; absolute or relative, the folders above do not count. */
  readonly inputs: readonly string[]
  readonly options: unknown
}

/**
 * JSON with sorted keys and no spaces: equal values give equal text. Undefined properties are left out.
 *
 * @throws {DataError} at a number that is not finite, a function, or anything else JSON cannot hold
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
  }
  const isPlain = value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
  if (!isPlain) throw new DataError(`fingerprint: ${String(value)} (${typeof value}) cannot be written as JSON`)
  return JSON.stringify(value)
}

/** sha256 of a value's canonical JSON, in hexadecimal. */
export function hashJson(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

/** sha256 by what the file system says of a file: one command may compare and fingerprint weights of many gigabytes. */
const known = new Map<string, string>()

/** Milliseconds after which a change cannot be in the same tick of the file system's clock as the one before. */
const settledAfter = 2000

/**
 * sha256 of a file's bytes, in hexadecimal, read a mebibyte at a time; one that has not changed since is not read again.
 *
 * @throws {DataError} when it is no plain file or cannot be read
 */
export function hashFile(path: string): string {
  return guardRead('reading', path, () => {
    checkPlainFile(path)
    const {dev, ino, size, mtimeNs, ctimeNs, ctimeMs} = statSync(path, {bigint: true})
    const version = [dev, ino, size, mtimeNs, ctimeNs].join()
    const isSettled = Date.now() - Number(ctimeMs) > settledAfter
    const hash = known.get(version) ?? hashBytes(path)
    if (isSettled) known.set(version, hash)
    return hash
  })
}

function hashBytes(path: string): string {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(2 ** 20)
  const fd = openSync(path, 'r')
  try {
    for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer))
      hash.update(buffer.subarray(0, count))
  } finally {
    closeSync(fd)
  }
  return hash.digest('hex')
}

/** Paths of all files below a folder, relative with '/', sorted. */
export function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, {withFileTypes: true})
  const paths = entries.flatMap((entry) =>
    entry.isDirectory() ? listFiles(join(folder, entry.name)).map((path) => `${entry.name}/${path}`) : [entry.name],
  )
  return paths.sort()
}

/**
 * sha256 of inputs and options together: equal exactly when names, contents and options are.
 *
 * @throws {DataError} when an input cannot be read
 */
export function fingerprintOf({inputs, options}: Fingerprint): string {
  return hashJson({inputs: inputs.map(describeInput), options})
}

function describeInput(path: string): unknown {
  const isFolder = guardRead('reading', path, () => statSync(path).isDirectory())
  if (!isFolder) return {name: basename(path), sha256: hashFile(path)}
  const files = guardRead('reading', path, () => listFiles(path))
  return {files: files.map((file) => ({name: file, sha256: hashFile(join(path, file))}))}
}
