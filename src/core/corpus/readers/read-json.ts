import {DataError} from '../../util/errors.js'
import {readLines} from '../read-lines.js'
import {decodeStrictly, tooLong} from './decode.js'
import {readChunks} from './read-chunks.js'
import {contentOfJson, readJsonl} from './read-jsonl.js'
import type {RawRow} from './reader.js'
import {RowBytes} from './row-bytes.js'
import {orFault} from './row-fault.js'
import type {RowNames} from './row-names.js'
import type {TextRule} from './text-of.js'

/**
 * Reads a file of JSON: one list of objects, objects one after the other, or one object a line. One object is in memory at
 * a time.
 *
 * @throws {DataError} when the file cannot be read, or its list does not end
 */
export async function* readJson(file: string, rule: TextRule, names: RowNames): AsyncGenerator<RawRow> {
  if (await isJsonl(file)) yield* readJsonl(file, rule, names)
  else yield* readValues(file, rule, names)
}

/** Whether the first line is an object and ends with it. */
async function isJsonl(file: string): Promise<boolean> {
  for await (const {text} of readLines(file)) return typeof text === 'string' && isObjectText(text)
  return false
}

function isObjectText(line: string): boolean {
  if (!line.trimStart().startsWith('{')) return false
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    // Whatever it is, it is read and judged as a part of the file.
    return false
  }
}

async function* readValues(file: string, rule: TextRule, names: RowNames): AsyncGenerator<RawRow> {
  const splitter = new ValueSplitter(file)
  let row = 0
  const contentOf = (bytes: Buffer | null, where: string) =>
    bytes === null ? tooLong(where) : orFault(() => contentOfJson(decodeStrictly(bytes, where), where, rule))
  for await (const chunk of readChunks(file))
    for (const bytes of splitter.push(chunk)) yield {row: ++row, content: contentOf(bytes, names(row))}
  for (const bytes of splitter.end()) yield {row: ++row, content: contentOf(bytes, names(row))}
}

const [quote, backslash] = Buffer.from('"\\')
const spaces = new Set(Buffer.from(' \t\r\n'))

/** What bytes outside of strings do; those that are not here do nothing. */
const marks: readonly (Mark | undefined)[] = Object.assign(new Array(256), {
  ...marksOf('"', 'quote'),
  ...marksOf('[{', 'open'),
  ...marksOf('}', 'close'),
  ...marksOf(']', 'close-list'),
  ...marksOf(',', 'comma'),
})
type Mark = 'quote' | 'open' | 'close' | 'close-list' | 'comma'

function marksOf(characters: string, mark: Mark): Record<number, Mark> {
  return Object.fromEntries(Array.from(Buffer.from(characters), (byte) => [byte, mark]))
}

/**
 * Cuts the bytes of a list, or of values one after the other, into those of each value; null is one that is too long, told as
 * soon as that is known. Nothing is parsed: only strings and brackets are told apart, so that a value may be no JSON.
 */
class ValueSplitter {
  private readonly value = new RowBytes()
  /** Whether the file is a list, which is about to be read or has ended; null until its first byte that is no space. */
  private isList: boolean | null = null
  private isClosed = false
  private depth = 0
  private isInString = false
  private isEscaped = false

  constructor(private readonly file: string) {}

  /** The values that end in a piece of the file. */
  *push(chunk: Buffer): Generator<Buffer | null> {
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]
      if (this.isInString) {
        this.follow(byte)
        continue
      }
      const isFirst = this.isList === null && !spaces.has(byte)
      if (isFirst) this.isList = chunk.toString('latin1', at, at + 1) === '['
      if (this.isClosed) this.refuseRest(byte)
      const end = this.endAt(marks[byte])
      if (end !== null) {
        yield* this.take(chunk.subarray(start, at + end), this.isClosed)
        start = at + 1
      } else if ((isFirst && this.isList) || this.isClosed) start = at + 1
    }
    if (this.value.add(chunk.subarray(start))) yield null
  }

  /** Whether a value ends at a mark: null if none does, 0 before it, 1 behind it. */
  private endAt(mark: Mark | undefined): 0 | 1 | null {
    if (mark === undefined) return null
    if (mark === 'quote') this.isInString = true
    if (mark === 'open') this.depth++
    if (mark === 'comma') return this.isList && this.depth === 1 ? 0 : null
    if (mark !== 'close' && mark !== 'close-list') return null
    this.depth = Math.max(0, this.depth - 1)
    if (this.depth > 0) return null
    this.isClosed = this.isList === true && mark === 'close-list'
    return this.isList ? 0 : 1
  }

  /** The last value, where nothing marks its end. */
  *end(): Generator<Buffer | null> {
    if (this.isList && !this.isClosed)
      throw new DataError(`${this.file}: the JSON list has no end; the file may be truncated`, {
        suggestions: ["write one object per line from the complete file: jq -c '.[]' data.json > data.jsonl"],
      })
    yield* this.take(Buffer.alloc(0), true)
  }

  private *take(piece: Buffer, mayBeBlank: boolean): Generator<Buffer | null> {
    if (this.value.add(piece)) yield null
    const {isTooLong} = this.value
    const bytes = this.value.take()
    if (!isTooLong && !(mayBeBlank && bytes.every((byte) => spaces.has(byte)))) yield bytes
  }

  /** A byte of a string. */
  private follow(byte: number): void {
    if (this.isEscaped) this.isEscaped = false
    else if (byte === backslash) this.isEscaped = true
    else if (byte === quote) this.isInString = false
  }

  private refuseRest(byte: number): void {
    if (!spaces.has(byte)) throw new DataError(`${this.file}: there is text after the end of the JSON list`)
  }
}
