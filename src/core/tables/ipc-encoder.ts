import {
  Message,
  type RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  type RecordBatchWriter,
  type Schema,
} from 'apache-arrow'

/** Turns record batches into the bytes of an Arrow IPC file or stream, piece by piece. */
export interface IpcEncoder {
  /** Bytes before the first batch. */
  readonly header: Uint8Array
  encode(batch: RecordBatch): Uint8Array
  /** Bytes after the last batch. */
  finish(): Uint8Array
}

/** Takes what a writer would queue. The queue of apache-arrow can only be drained as a whole or asynchronously. */
class Pieces {
  private readonly pieces: Uint8Array[] = []

  add(chunk: unknown): number {
    const view = (chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : chunk) as Uint8Array
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    this.pieces.push(bytes)
    return bytes.byteLength
  }

  take(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.pieces.splice(0)))
  }
}

class StreamEncoder extends RecordBatchStreamWriter {
  readonly written = new Pieces()

  protected override _write(chunk: Parameters<RecordBatchStreamWriter['_write']>[0]): this {
    this._position += this.written.add(chunk)
    return this
  }
}

class FileEncoder extends RecordBatchFileWriter {
  readonly written = new Pieces()

  protected override _write(chunk: Parameters<RecordBatchFileWriter['_write']>[0]): this {
    this._position += this.written.add(chunk)
    return this
  }

  /** The format wants the schema at the front too; apache-arrow writes it in the footer only. */
  protected override _writeSchema(schema: Schema): this {
    super._writeSchema(schema)
    return this._writeMessage(Message.from(schema))
  }
}

function encoderOf(writer: RecordBatchWriter & {readonly written: Pieces}, schema: Schema): IpcEncoder {
  writer.reset(undefined, schema)
  return {
    header: writer.written.take(),
    encode(batch) {
      writer.write(batch)
      return writer.written.take()
    },
    finish() {
      writer.finish()
      return writer.written.take()
    },
  }
}

/** Encoder of a table's format, ready for batches of `schema`. */
export function ipcEncoder(format: 'file' | 'stream', schema: Schema): IpcEncoder {
  return encoderOf(format === 'file' ? new FileEncoder() : new StreamEncoder(), schema)
}
