import {createReadStream} from 'node:fs'
import {pipeline, Readable} from 'node:stream'
import {createGunzip} from 'node:zlib'
import {DataError} from '../util/errors.js'
import type {Archive} from './archive.js'

/** Headers and contents begin at multiples of this, bytes. */
const block = 512

/** A tar file that gzip compressed (POSIX.1-1988, names of at most 100 bytes). Every read decompresses it from its beginning. */
export class Tarball implements Archive {
  constructor(private readonly path: string) {}

  // What fails in the pipeline is thrown where its last stream is read.
  async read(name: RegExp): Promise<Readable> {
    return Readable.from(this.contentOf(name), {objectMode: false})
  }

  close(): void {}

  private async *contentOf(name: RegExp): AsyncGenerator<Buffer> {
    const bytes = new Bytes(pipeline(createReadStream(this.path), createGunzip(), () => {}))
    try {
      for (let header = await bytes.take(block); header[0] > 0; header = await bytes.take(block)) {
        const {title, size, isFile} = describe(header)
        if (isFile && name.test(title)) return yield* bytes.next(size)
        for await (const _ of bytes.next(block * Math.ceil(size / block)));
      }
    } catch (cause) {
      if (!(cause instanceof RangeError || isOfGzip(cause))) throw cause
      throw new DataError(`${this.path}: ${(cause as Error).message}`, {cause})
    } finally {
      bytes.close()
    }
    throw new DataError(`${this.path} has no file like ${name.source}`)
  }
}

function isOfGzip(error: unknown): boolean {
  return /^Z_/.test((error as NodeJS.ErrnoException).code ?? '')
}

/** What the header of an entry says; its size is in bytes. */
function describe(header: Buffer): {title: string; size: number; isFile: boolean} {
  if (header.toString('latin1', 257, 262) !== 'ustar') throw new RangeError('not a tar file')
  const text = (from: number, to: number) => header.toString('utf8', from, to).replace(/\0.*$/s, '')
  return {title: text(0, 100), size: Number.parseInt(text(124, 136), 8), isFile: text(156, 157) === '0'}
}

/** The bytes of a stream, handed out in the lengths that are asked for. */
class Bytes {
  private readonly chunks: AsyncIterator<Buffer>
  private rest: Buffer = Buffer.alloc(0)

  constructor(private readonly stream: Readable) {
    this.chunks = stream[Symbol.asyncIterator]()
  }

  /** The next bytes as one. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of this.next(length)) parts.push(part)
    return Buffer.concat(parts)
  }

  /** The next bytes in pieces. */
  async *next(length: number): AsyncGenerator<Buffer> {
    for (let missing = length; missing > 0; ) {
      if (await this.isAtEnd()) throw new RangeError('ends within a file')
      const part = this.rest.subarray(0, missing)
      this.rest = this.rest.subarray(part.length)
      missing -= part.length
      yield part
    }
  }

  close(): void {
    this.stream.destroy()
  }

  private async isAtEnd(): Promise<boolean> {
    while (this.rest.length === 0) {
      const {value, done} = await this.chunks.next()
      if (done) return true
      this.rest = value
    }
    return false
  }
}
