import {DataError} from './errors.js'

const pointerStart = 'version https://git-lfs.github.com/spec/'
/** The longest magic word of what is no text, in bytes. */
const magicBytes = 6

interface ForeignKind {
  readonly what: string
  readonly remedies: readonly string[]
  begins(head: Uint8Array): boolean
}

const pointer: ForeignKind = {
  what: 'a Git LFS pointer, not the file itself',
  remedies: ['git lfs pull in the folder it was cloned to', 'download the file again'],
  begins: (head) => startOf(head).startsWith(pointerStart),
}

/** What is often found where a text is expected. */
const foreign: readonly ForeignKind[] = [
  pointer,
  {
    what: 'UTF-16 or UTF-32; expected UTF-8',
    remedies: ['convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW'],
    // Without its mark: letters of ASCII and zeros take turns.
    begins: (head) =>
      startsWith(head, 0xff, 0xfe) ||
      startsWith(head, 0xfe, 0xff) ||
      startsWith(head, 0, 0, 0xfe, 0xff) ||
      hasZeroTurns(head),
  },
  compressed('gzip', '.gz', 0x1f, 0x8b, 0x08),
  compressed('zstd', '.zst', 0x28, 0xb5, 0x2f, 0xfd),
  table('Parquet', '.parquet', 'PAR1'),
  table('Arrow', '.arrow', 'ARROW1'),
  {
    what: 'compressed with xz, which is not read',
    remedies: ['decompress it first: xz -d FILE'],
    begins: (head) => startsWith(head, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0),
  },
  {
    what: 'a zip archive, which is not read',
    remedies: ['unpack it first'],
    begins: (head) => startsWith(head, 0x50, 0x4b, 3, 4),
  },
]

function compressed(tool: string, ending: string, ...magic: number[]): ForeignKind {
  return {
    what: `compressed with ${tool}`,
    remedies: [`decompress it first, or let the name of documents end in ${ending}`],
    begins: (head) => startsWith(head, ...magic),
  }
}

function table(format: string, ending: string, magic: string): ForeignKind {
  return {
    what: `a table in ${format} format, not text`,
    remedies: [`write its rows as JSONL, or let the name of documents end in ${ending}`],
    begins: (head) => startOf(head).startsWith(magic),
  }
}

function startsWith(bytes: Uint8Array, ...magic: number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte)
}

function hasZeroTurns(head: Uint8Array): boolean {
  const zeros = [...head.subarray(0, 4)].map((byte) => (byte === 0 ? '0' : 'x')).join('')
  return zeros === 'x0x0' || zeros === '0x0x'
}

function startOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, pointerStart.length)).toString('latin1')
}

/** Whether the beginning of a file is long enough to say what it is, should more follow. */
export function isTelling(head: Uint8Array): boolean {
  const start = startOf(head)
  return head.length >= magicBytes && (start.length === pointerStart.length || !pointerStart.startsWith(start))
}

/**
 * Refuses what Git LFS leaves in place of a file, text or not.
 *
 * @param head the beginning of the file
 * @throws {DataError} saying so
 */
export function refusePointer(head: Uint8Array, where: string): void {
  if (pointer.begins(head)) throw refusal(pointer, where)
}

/**
 * Refuses what is no text by its first bytes, or no text in UTF-8.
 *
 * @param head the beginning of the file, as long as `isTelling` asks for
 * @param where the file, for the message
 * @throws {DataError} saying what it is
 */
export function refuseForeign(head: Uint8Array, where: string): void {
  const kind = foreign.find(({begins}) => begins(head))
  if (kind) throw refusal(kind, where)
}

function refusal({what, remedies}: ForeignKind, where: string): DataError {
  return new DataError(`${where} is ${what}`, {suggestions: remedies})
}

/** Length of the byte order mark that bytes begin with: 3 or 0. It belongs to the file, never to its text. */
export function markLength(bytes: Uint8Array): number {
  return startsWith(bytes, 0xef, 0xbb, 0xbf) ? 3 : 0
}

const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true})

/**
 * The text that UTF-8 bytes stand for, all of it.
 *
 * @param where the file and row, for the message
 * @throws {DataError} when they are not UTF-8
 */
export function decodeStrictly(bytes: Uint8Array, where: string): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new DataError(`${where} is not UTF-8`, {
      cause,
      suggestions: ['convert it from its encoding, e.g. iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW'],
    })
  }
}

/**
 * The text of a whole file, without a byte order mark.
 *
 * @throws {DataError} when it is not UTF-8, saying what it is instead where its first bytes tell
 */
export function textOfFile(bytes: Uint8Array, where: string): string {
  refuseForeign(bytes, where)
  return decodeStrictly(bytes.subarray(markLength(bytes)), where)
}

/** Whether a text holds half a surrogate pair, as JSON and YAML may write one; no UTF-8 can hold it. */
export function hasHalfPair(text: string): boolean {
  return /\p{Surrogate}/u.test(text)
}
