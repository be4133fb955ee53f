import {brotliDecompressSync, gunzipSync} from 'node:zlib'
import type {CompressionCodec, Compressors, PageHeader, RowGroup, SchemaTree} from 'hyparquet'
import {parquetHeader} from 'hyparquet/src/column.js'
import {compressors} from 'hyparquet-compressors'
import {maxWindowBytes, parseFrameHeader} from './decompress-zstd.js'
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
    if (windowBytes > maxWindowBytes || (contentBytes ?? 0) > length) throw new Error('it is larger than it says')
    return compressors.ZSTD!(input, length)
  },
}

function unpack(input: Uint8Array, codec: CompressionCodec, length: number): Uint8Array {
  const decompress = decompressors[codec]
  if (!decompress) throw new Error(`codec ${codec} is not known; known are ${Object.keys(decompressors).join(', ')}`)
  // A page of nulls alone may be packed into nothing.
  const output = length === 0 ? new Uint8Array() : decompress(input, length)
  if (output.length !== length) throw new Error(`a page has ${output.length} bytes and says ${length}`)
  return output
}

/** Bytes that are read for a page header at first, and when they do not suffice: statistics may hold long texts. */
const headerGuesses = [4 * 2 ** 10, 2 ** 20, 64 * 2 ** 20]

/**
 * The values of one column chunk, page after page; of the pages before, only the dictionary is kept.
 *
 * @returns bytes of each text, or null
 * @throws {DataError} when the chunk is missing or cannot be decoded
 */
export async function* readPages(
  file: ParquetFile,
  group: RowGroup,
  column: SchemaTree,
): AsyncGenerator<(Uint8Array | null)[]> {
  const {name} = column.element
  const chunk = group.columns.find(({meta_data: meta}) => meta?.path_in_schema.join('.') === name)?.meta_data
  const fail = failDecoding(`${file.path}: column ${name}`)
  if (!chunk) return fail(new Error('a row group does not have it'))
  // Some writers leave a dictionary's offset at 0.
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset)
  const end = start + Number(chunk.total_compressed_size)
  if (!(start >= 0 && end <= file.size)) return fail(new Error(`it ends at byte ${end} of ${file.size}`))

  let dictionary: Uint8Array[] | undefined
  for (let at = start; at < end; ) {
    const {header, length} = await readHeader(file, at, end).catch(fail)
    const packed = header.compressed_page_size
    at += length + packed
    if (at > end) return fail(new Error('a page ends behind its column'))
    const bytes = await readBytes(file.handle, at - packed, packed).catch(fail)
    try {
      const decode = pageDecoders[header.type]
      const values = decode(bytes, header, {codec: chunk.codec, column, dictionary})
      if (header.type === 'DICTIONARY_PAGE') dictionary = values as Uint8Array[]
      else yield values
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
    try {
      const header = parquetHeader(reader)
      checkHeader(header)
      return {header, length: reader.offset}
    } catch (cause) {
      const isCut = cause instanceof RangeError || /without STOP/.test((cause as Error).message)
      if (!isCut || available < guess || guess === headerGuesses.at(-1)) throw cause
    }
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
  readonly column: SchemaTree
  readonly dictionary: readonly Uint8Array[] | undefined
}

type PageDecoder = (bytes: Uint8Array, header: PageHeader, context: PageContext) => (Uint8Array | null)[]

const pageDecoders: Readonly<Record<PageHeader['type'], PageDecoder>> = {
  INDEX_PAGE: () => [],
  DICTIONARY_PAGE: (bytes, {uncompressed_page_size: size, dictionary_page_header: page}, {codec}) =>
    textEncodings.PLAIN(new Cursor(unpack(bytes, codec, size)), page!.num_values, undefined),
  DATA_PAGE: (bytes, {uncompressed_page_size: size, data_page_header: page}, context) => {
    const values = new Cursor(unpack(bytes, context.codec, size))
    const levels = isOptional(context) ? new Cursor(values.take(values.uint32())) : null
    return decodeTexts(levels, values, page!, context)
  },
  DATA_PAGE_V2: (bytes, {uncompressed_page_size: size, data_page_header_v2: page}, context) => {
    const {definition_levels_byte_length: levelBytes = 0, repetition_levels_byte_length: others = 0} = page!
    if (others !== 0) throw new Error('a page has repetition levels, which a plain column does not have')
    const whole = new Cursor(bytes)
    const levels = new Cursor(whole.take(levelBytes))
    const packed = whole.take(bytes.length - levelBytes)
    const codec = page!.is_compressed === false ? 'UNCOMPRESSED' : context.codec
    const values = new Cursor(unpack(packed, codec, size - levelBytes))
    return decodeTexts(isOptional(context) ? levels : null, values, page!, context)
  },
}

function isOptional({column}: PageContext): boolean {
  return column.element.repetition_type !== 'REQUIRED'
}

/** Levels say 1 for a text and 0 for null; null stands for levels that are not written because nothing is null. */
function decodeTexts(
  levels: Cursor | null,
  values: Cursor,
  {num_values: count, encoding}: {num_values: number; encoding: string},
  {dictionary}: PageContext,
): (Uint8Array | null)[] {
  const decode = textEncodings[encoding]
  if (!decode) throw new Error(`encoding ${encoding} is not known; known are ${Object.keys(textEncodings).join(', ')}`)
  const present = levels ? readRuns(levels, 1, count) : new Uint32Array(count).fill(1)
  const texts = decode(
    values,
    present.reduce((sum, level) => sum + level, 0),
    dictionary,
  )
  let next = 0
  return Array.from(present, (level) => (level === 1 ? texts[next++] : null))
}
