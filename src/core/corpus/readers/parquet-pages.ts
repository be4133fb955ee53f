import {brotliDecompressSync, gunzipSync} from 'node:zlib'
import type {CompressionCodec, Compressors, PageHeader, RowGroup} from 'hyparquet'
import {parquetHeader} from 'hyparquet/src/column.js'
import {compressors} from 'hyparquet-compressors'
import {maxWindowBytes, parseFrameHeader} from './decompress-zstd.js'
import type {Leaf} from './parquet-columns.js'
import {failDecoding, type ParquetFile, readBytes} from './parquet-file.js'
import {Cursor, readRuns, textEncodings} from './parquet-values.js'

/** Bytes of a page, packed or not, and values in it, at the most; writers make pages of about 1 MiB. */
const maxPageBytes = 256 * 2 ** 20
const maxPageValues = 2 ** 24
type Decompressor = NonNullable<Compressors[keyof Compressors]>

/** Packages where they are all there is, else Node's own, which are faster and check sums. */
const decompressors: Readonly<Record<string, Decompressor>> = {
  ...(compressors as Readonly<Record<string, Decompressor>>),
  UNCOMPRESSED: (input) => input,
  GZIP: (input, maxOutputLength) => gunzipSync(input, {maxOutputLength}),
  BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, {maxOutputLength}),
  ZSTD: (input, length) => {
    const {windowBytes, contentBytes} = parseFrameHeader(Buffer.from(input).subarray(4))
    if (windowBytes > maxWindowBytes || (contentBytes ?? 0) > length)
      throw new Error('it is larger than its header says')
    return compressors.ZSTD!(input, length)
  },
}

function unpack(input: Uint8Array, codec: CompressionCodec, length: number): Uint8Array {
  const decompress = decompressors[codec]
  if (!decompress) throw new Error(`codec ${codec} is not known; known are ${Object.keys(decompressors).join(', ')}`)
  // A page of nulls alone may be packed into nothing.
  const output = length === 0 ? new Uint8Array() : decompress(input, length)
  if (output.length !== length) throw new Error(`a page has ${output.length} bytes, but its header says ${length}`)
  return output
}

/** Bytes that are read for a page header at first, and when they do not suffice: statistics hold texts of 4 KiB each, or longer ones. */
const headerGuesses = [4 * 2 ** 10, 2 ** 20, 64 * 2 ** 20]

/** The values of a page, in order, with the levels that say which are there and to which row they belong. */
export interface Page {
  /** Bytes of each text, or null where it is missing, at whatever level. */
  readonly values: readonly (Uint8Array | null)[]
  /** Level of each value; that of the leaf where it is there. */
  readonly definitions: Uint32Array
  /** 0 where a row begins. */
  readonly repetitions: Uint32Array
}

/**
 * One column chunk, page after page; of the pages before, only the dictionary is kept.
 *
 * @throws {DataError} when the chunk is missing or cannot be decoded
 */
export async function* readPages(file: ParquetFile, group: RowGroup, leaf: Leaf): AsyncGenerator<Page> {
  const name = leaf.path.join('.')
  const isOwn = (path: readonly string[]) => path.length === leaf.path.length && path.join('.') === name
  const chunk = group.columns.find(({meta_data: meta}) => meta && isOwn(meta.path_in_schema))?.meta_data
  const fail = failDecoding(`${file.path}: column ${name}`)
  if (!chunk) return fail(new Error('a row group lacks it'))
  // Some writers leave a dictionary's offset at 0.
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset)
  const end = start + Number(chunk.total_compressed_size)
  if (!(start >= 0 && end <= file.size)) return fail(new Error(`it ends at byte ${end} of ${file.size}`))

  let dictionary: Uint8Array[] | undefined
  for (let at = start; at < end; ) {
    const {header, length} = await readHeader(file, at, end).catch(fail)
    const packed = header.compressed_page_size
    at += length + packed
    if (at > end) return fail(new Error('a page ends after the end of its column'))
    const bytes = await readBytes(file.handle, at - packed, packed).catch(fail)
    try {
      if (header.type === 'DICTIONARY_PAGE') dictionary = decodeDictionary(bytes, header, chunk.codec)
      else if (header.type !== 'INDEX_PAGE')
        yield pageDecoders[header.type](bytes, header, {codec: chunk.codec, leaf, dictionary})
    } catch (cause) {
      return fail(cause as Error)
    }
  }
}

async function readHeader({handle}: ParquetFile, at: number, end: number) {
  for (const guess of headerGuesses) {
    const available = Math.min(guess, end - at)
    const {buffer} = await readBytes(handle, at, available)
    const reader = {view: new DataView(buffer), offset: 0}
    let header: PageHeader
    try {
      header = parquetHeader(reader)
    } catch (cause) {
      // Whether it is cut or broken cannot be told from the error: with more bytes it may be whole.
      if (available < guess || guess === headerGuesses.at(-1)) throw cause
      continue
    }
    checkHeader(header)
    return {header, length: reader.offset}
  }
  throw new Error('a page header has no end')
}

/** Bounds what a page may make the decoder allocate. */
function checkHeader(header: PageHeader): void {
  const {type, compressed_page_size: packed, uncompressed_page_size: unpacked} = header
  const page = header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header
  if (type === 'INDEX_PAGE') return
  if (!page) throw new Error('a page has no header of its kind')
  if (!(packed >= 0 && packed <= maxPageBytes && unpacked >= 0 && unpacked <= maxPageBytes))
    throw new Error(`a page has ${packed} bytes, ${unpacked} unpacked; at most ${maxPageBytes} are read`)
  if (!(page.num_values >= 0 && page.num_values <= maxPageValues))
    throw new Error(`a page has ${page.num_values} values; at most ${maxPageValues} are read`)
}

/** What a page needs to know besides itself. */
interface PageContext {
  readonly codec: CompressionCodec
  readonly leaf: Leaf
  readonly dictionary: readonly Uint8Array[] | undefined
}

type DataPage = Exclude<PageHeader['type'], 'INDEX_PAGE' | 'DICTIONARY_PAGE'>
type PageDecoder = (bytes: Uint8Array, header: PageHeader, context: PageContext) => Page

function decodeDictionary(bytes: Uint8Array, header: PageHeader, codec: CompressionCodec): Uint8Array[] {
  const {uncompressed_page_size: size, dictionary_page_header: page} = header
  return textEncodings.PLAIN(new Cursor(unpack(bytes, codec, size)), page!.num_values, undefined)
}

/** Levels come before the values, those of repetition first; in the first version each with its length. */
const pageDecoders: Readonly<Record<DataPage, PageDecoder>> = {
  DATA_PAGE: (bytes, {uncompressed_page_size: size, data_page_header: page}, context) => {
    const values = new Cursor(unpack(bytes, context.codec, size))
    const levels = (max: number) => new Cursor(max > 0 ? values.take(values.uint32()) : new Uint8Array())
    const repetitions = levels(context.leaf.repetition)
    return decodePage({repetitions, definitions: levels(context.leaf.definition), values}, page!, context)
  },
  DATA_PAGE_V2: (bytes, {uncompressed_page_size: size, data_page_header_v2: page}, context) => {
    const {definition_levels_byte_length: definitionBytes = 0, repetition_levels_byte_length: repetitionBytes = 0} =
      page!
    const whole = new Cursor(bytes)
    const repetitions = new Cursor(whole.take(repetitionBytes))
    const definitions = new Cursor(whole.take(definitionBytes))
    const levelBytes = repetitionBytes + definitionBytes
    const codec = page!.is_compressed === false ? 'UNCOMPRESSED' : context.codec
    const values = new Cursor(unpack(whole.take(bytes.length - levelBytes), codec, size - levelBytes))
    return decodePage({repetitions, definitions, values}, page!, context)
  },
}

/** The parts of a page, unpacked; levels that can only be 0 are not read. */
interface PageParts {
  readonly repetitions: Cursor
  readonly definitions: Cursor
  readonly values: Cursor
}

function decodePage(
  parts: PageParts,
  {num_values: count, encoding}: {num_values: number; encoding: string},
  {leaf, dictionary}: PageContext,
): Page {
  const decode = textEncodings[encoding]
  if (!decode) throw new Error(`encoding ${encoding} is not known; known are ${Object.keys(textEncodings).join(', ')}`)
  const definitions = readRuns(parts.definitions, bitsFor(leaf.definition), count)
  const present = definitions.reduce((sum, level) => sum + Number(level === leaf.definition), 0)
  const texts = decode(parts.values, present, dictionary)
  let next = 0
  return {
    values: Array.from(definitions, (level) => (level === leaf.definition ? texts[next++] : null)),
    definitions,
    repetitions: readRuns(parts.repetitions, bitsFor(leaf.repetition), count),
  }
}

/** Bits of the levels from 0 to `max`. */
function bitsFor(max: number): number {
  return 32 - Math.clz32(max)
}
