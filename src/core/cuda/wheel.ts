import type {Readable} from 'node:stream'
import yauzl from 'yauzl'
import {DataError} from '../util/errors.js'
import type {Archive} from './archive.js'

/** An open zip file: a Python package is one. */
export class Wheel implements Archive {
  private constructor(
    private readonly zip: yauzl.ZipFile,
    private readonly entries: readonly yauzl.Entry[],
    private readonly path: string,
  ) {}

  /** @throws {DataError} when it is no zip file */
  static async open(path: string): Promise<Wheel> {
    try {
      const zip = await yauzl.openPromise(path, {autoClose: false})
      const entries: yauzl.Entry[] = []
      for await (const entry of zip.eachEntry()) entries.push(entry)
      return new Wheel(zip, entries, path)
    } catch (cause) {
      throw new DataError(`${path}: ${(cause as Error).message}`, {cause})
    }
  }

  async read(name: RegExp): Promise<Readable> {
    const entry = this.entries.find(({fileName}) => name.test(fileName))
    if (!entry) throw new DataError(`${this.path} has no file like ${name.source}`)
    return this.zip.openReadStreamPromise(entry)
  }

  close(): void {
    this.zip.close()
  }
}
