import {readFileSync, type Stats, statSync} from 'node:fs'
import {DataError} from './errors.js'
import {refusePointer, textOfFile} from './text-bytes.js'

/** What a path may lead to in place of a plain file, and what to try. */
const kinds: readonly (readonly [test: keyof Stats & `is${string}`, what: string, remedy: string])[] = [
  ['isDirectory', 'a folder', 'give the path of a file'],
  ['isFIFO', 'a named pipe', 'write what comes through it to a file first, and give that'],
  ['isSocket', 'a socket', 'write what comes through it to a file first, and give that'],
  ['isCharacterDevice', 'a device', 'write what it gives to a file first, and give that'],
  ['isBlockDevice', 'a device', 'write what it gives to a file first, and give that'],
]

/** A pointer of Git LFS is shorter (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const maxPointerBytes = 1024
/** Far above any text file that is read whole. */
const maxTextBytes = 16 * 2 ** 20

/**
 * Checks before a file is opened, since opening a pipe waits for a writer, that it is a plain file, links followed, and
 * not what Git LFS leaves in its place.
 *
 * @throws {DataError} when it is something else; an error of the file system passes unchanged
 */
export function checkPlainFile(path: string): Stats {
  const stat = statSync(path)
  const kind = kinds.find(([test]) => stat[test]())
  if (kind) throw new DataError(`${path} is ${kind[1]}; expected a plain file`, {suggestions: [kind[2]]})
  if (stat.size < maxPointerBytes) refusePointer(readFileSync(path), path)
  return stat
}

/**
 * The bytes of a plain file.
 *
 * @throws {DataError} when it is something else or larger; an error of the file system passes unchanged
 */
export function readPlainFile(path: string, maxBytes: number): Buffer {
  const {size} = checkPlainFile(path)
  if (size > maxBytes) throw new DataError(`${path} has ${size} bytes; expected at most ${maxBytes}`)
  return readFileSync(path)
}

/**
 * The text of a plain file of at most 16 MiB, without a byte order mark.
 *
 * @throws {DataError} when it is something else, larger, or not UTF-8; an error of the file system passes unchanged
 */
export function readPlainText(path: string): string {
  return textOfFile(readPlainFile(path, maxTextBytes), path)
}

/** A text with line feeds for line ends, however it was saved: what Python reads in text mode. */
export function withLineFeeds(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n')
}
