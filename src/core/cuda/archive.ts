import type {Readable} from 'node:stream'

/** A package of files. */
export interface Archive {
  /**
   * The bytes of the first file whose name a pattern matches.
   *
   * @throws {DataError} when there is no such file, at once or when the bytes are read
   */
  read(name: RegExp): Promise<Readable>
  /** Frees the package. */
  close(): void
}
