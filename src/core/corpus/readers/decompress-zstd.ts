import {Decompress} from 'fzstd'

/** Largest window that is allocated: the limit of the `zstd` tool unless `--long` is given. */
export const maxWindowBytes = 128 * 2 ** 20

const frameMagic = 0xfd2fb528
const frameStart = Buffer.of(0x28, 0xb5, 0x2f, 0xfd)
/** Frames of any content, to be skipped: 0x184d2a50 to 0x184d2a5f. */
const skippableMagic = 0x184d2a50
const blockHeaderBytes = 3
const checksumBytes = 4

/**
 * Decompresses Zstandard frames one after the other, a block at a time. Checksums are passed over, not checked.
 *
 * Source: RFC 8878, section 3.1.
 *
 * @returns blocks of at most 128 KiB (2 MiB where one byte repeats)
 * @throws {Error} when a frame is malformed, cut off, or needs a window above `maxWindowBytes`
 */
export async function* decompressZstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const input = new ByteQueue(chunks)
  while (await input.has(1)) {
    const magic = (await input.take(4)).readUInt32LE()
    if (isSkippable(magic)) await input.skip((await input.take(4)).readUInt32LE())
    else if (magic === frameMagic) yield* decompressFrame(input)
    else throw new Error('it does not continue with a Zstandard frame')
  }
}

function isSkippable(magic: number): boolean {
  return magic >>> 4 === skippableMagic >>> 4
}

/** One frame whose magic number is taken already. */
async function* decompressFrame(input: ByteQueue): AsyncGenerator<Uint8Array> {
  const descriptor = await input.take(1)
  const header = Buffer.concat([descriptor, await input.take(headerBytes(descriptor[0]) - 1)])
  const {windowBytes, contentBytes, hasChecksum} = parseFrameHeader(header)
  if (windowBytes > maxWindowBytes)
    throw new Error(`a frame needs a window of ${windowBytes} bytes; at most ${maxWindowBytes} are allowed`)

  let blocks: Uint8Array[] = []
  let produced = 0
  const decompressor = new Decompress((block) => blocks.push(block))
  function* push(bytes: Buffer, isEnd: boolean): Generator<Uint8Array> {
    decompressor.push(bytes, isEnd)
    yield* blocks
    produced += blocks.reduce((sum, {length}) => sum + length, 0)
    blocks = []
  }
  // fzstd keeps what it was given for good whenever that ends with a block, so the last byte always comes later.
  let held = Buffer.concat([frameStart, header])
  for (let isLast = false; !isLast; ) {
    const block = await input.take(blockHeaderBytes)
    const fields = block.readUIntLE(0, blockHeaderBytes)
    isLast = (fields & 1) === 1
    const bytes = Buffer.concat([held, block, await input.take(blockBytes(fields))])
    held = bytes.subarray(-1)
    yield* push(bytes.subarray(0, -1), false)
  }
  yield* push(Buffer.concat([held, hasChecksum ? await input.take(checksumBytes) : Buffer.alloc(0)]), true)
  if (contentBytes !== null && produced !== contentBytes)
    throw new Error(`a frame holds ${produced} bytes, but its header says ${contentBytes}`)
}

/** Bytes after the header of a block: a block that repeats one byte stores it once. */
function blockBytes(fields: number): number {
  const type = (fields >> 1) & 3
  return type === 1 ? 1 : fields >> 3
}

/** What a frame header says that matters before anything is allocated. */
export interface FrameHeader {
  readonly windowBytes: number
  /** Null where the frame does not say. */
  readonly contentBytes: number | null
  readonly hasChecksum: boolean
}

/** Length of a frame header without its magic number, from its first byte. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor >> 5) & 1
  return 1 + (isSingleSegment ? 0 : 1) + dictionaryBytes(descriptor) + contentSizeBytes(descriptor)
}

function dictionaryBytes(descriptor: number): number {
  return [0, 1, 2, 4][descriptor & 3]
}

function contentSizeBytes(descriptor: number): number {
  return [(descriptor >> 5) & 1, 2, 4, 8][descriptor >> 6]
}

/** Reads a frame header, magic number left out. */
export function parseFrameHeader(header: Buffer): FrameHeader {
  const [descriptor] = header
  const width = contentSizeBytes(descriptor)
  const at = headerBytes(descriptor) - width
  const contentBytes = width === 0 ? null : contentSize(header, at, width)
  const exponent = 10 + (header[1] >> 3)
  const windowBytes = (descriptor >> 5) & 1 ? contentBytes! : 2 ** exponent + 2 ** (exponent - 3) * (header[1] & 7)
  return {windowBytes, contentBytes, hasChecksum: ((descriptor >> 2) & 1) === 1}
}

function contentSize(header: Buffer, at: number, width: number): number {
  if (width === 8) return Number(header.readBigUInt64LE(at))
  return header.readUIntLE(at, width) + (width === 2 ? 256 : 0)
}

/** Takes exact numbers of bytes from chunks of any size. */
class ByteQueue {
  private readonly source: AsyncIterator<Buffer>
  private parts: Buffer[] = []
  private length = 0

  constructor(chunks: AsyncIterable<Buffer>) {
    this.source = chunks[Symbol.asyncIterator]()
  }

  async has(count: number): Promise<boolean> {
    while (this.length < count) {
      const {done, value} = await this.source.next()
      if (done) return false
      this.parts.push(value)
      this.length += value.length
    }
    return true
  }

  async take(count: number): Promise<Buffer> {
    if (!(await this.has(count))) throw new Error('unexpected end of file')
    const all = this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts)
    this.parts = [all.subarray(count)]
    this.length -= count
    return all.subarray(0, count)
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      if (!(await this.has(1))) throw new Error('unexpected end of file')
      const some = Math.min(left, this.length)
      await this.take(some)
      left -= some
    }
  }
}
