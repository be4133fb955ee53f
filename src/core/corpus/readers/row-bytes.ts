import {maxDocumentBytes} from './decode.js'

/** Bytes of one row, put together from pieces; of a row that is too long nothing is kept. */
export class RowBytes {
  private parts: Buffer[] = []
  private length = 0

  /** Adds a piece and returns whether the row has just become longer than `maxDocumentBytes`. */
  add(piece: Buffer): boolean {
    const wasTooLong = this.isTooLong
    this.length += piece.length
    if (!this.isTooLong) this.parts.push(piece)
    else this.parts = []
    return this.isTooLong && !wasTooLong
  }

  /** Whether the row is longer than `maxDocumentBytes`. */
  get isTooLong(): boolean {
    return this.length > maxDocumentBytes
  }

  /** Whether nothing was added. */
  get isEmpty(): boolean {
    return this.length === 0
  }

  /** The bytes of the row; the next one begins empty. */
  take(): Buffer {
    const bytes = this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts)
    this.parts = []
    this.length = 0
    return bytes
  }
}
