import type {Readable} from 'node:stream'
import yauzl from 'yauzl'
import {DataError} from '../util/errors.js'

/** An open zip file: a Python package is one. */
export class Wheel {
  private constructor(
    private readonly zip: yauzl.ZipFile,
    private readonly entries: ReadonlyMap<string, yauzl.Entry>,
    private readonly path: string,
  ) {}

  /** @throws {DataError} when it is no zip file */
  static async open(path: string): Promise<Wheel> {
    try {
      const zip = await yauzl.openPromise(path, {autoClose: false})
      const entries = new Map<string, yauzl.Entry>()
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
      return new Wheel(zip, entries, path)
    } catch (cause) {
      throw new DataError(`${path}: ${(cause as Error).message}`, {cause})
    }
  }

  /** Name of the one entry that a pattern matches. */
  find(pattern: RegExp): string {
    const found = [...this.entries.keys()].find((name) => pattern.test(name))
    if (found === undefined) throw new DataError(`${this.path} has no file like ${pattern.source}`)
    return found
  }

  /** The bytes of an entry. */
  async read(name: string): Promise<Readable> {
    const entry = this.entries.get(name)
    if (!entry) throw new DataError(`${this.path} has no file ${name}`)
    return this.zip.openReadStreamPromise(entry)
  }

  /** Frees the file. */
  close(): void {
    this.zip.close()
  }
}
