import {closeSync, fstatSync} from 'node:fs'
import {openFile, readAt} from '../files/read-at.js'
import {checkSchema} from './batch-codec.js'
import {type ListRegions, listRegions} from './ipc-columns.js'
import {damage, decodeOrRefuse, openBatches} from './ipc-reader.js'
import {pickColumns, type Table} from './table.js'

interface Batch extends ListRegions {
  /** Rows of the batches before. */
  readonly firstRow: number
}

/** Closes what nobody reads any more. */
const closer = new FinalizationRegistry<number>(closeSync)

/**
 * A column list<int32> of a table file, read a row at a time from where it lies: memory does not grow with the rows.
 *
 * The file stays open, so that one that is replaced or removed meanwhile is still read as it was.
 */
export class ListColumn {
  private constructor(
    private readonly fd: number,
    private readonly path: string,
    private readonly batches: readonly Batch[],
    /** Rows of the table. */
    readonly length: number,
  ) {
    closer.register(this, fd)
  }

  /** @throws {DataError} when the file is unreadable, damaged, or not a table of this kind */
  static open<T extends Table>(path: string, table: T, name: keyof T['columns'] & string): ListColumn {
    const fd = openFile(path)
    try {
      const {schema, frames} = openBatches(fd, path, pickColumns(table, name), fstatSync(fd).size, checkSchema)
      const batches: Batch[] = []
      let length = 0
      for (const frame of frames) {
        const regions = decodeOrRefuse(path, () => listRegions(schema, frame, name))
        batches.push({...regions, firstRow: length})
        length += regions.rows
      }
      return new ListColumn(fd, path, batches, length)
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  /** The list of row `index`, from 0, in memory of its own. */
  at(index: number): Int32Array {
    const batch = this.batchOf(index)
    const starts = this.int32At(batch.offsetsAt + 4 * (index - batch.firstRow), 2)
    const [start, end] = starts
    if (start < 0 || start > end || end > batch.items)
      throw damage(this.path, `row ${index} has its items at ${start} to ${end}, of ${batch.items} in all`)
    return this.int32At(batch.itemsAt + 4 * start, end - start)
  }

  /** Length of every row's list, in order. */
  *lengths(): Generator<number> {
    for (const {offsetsAt, rows} of this.batches) {
      const starts = this.int32At(offsetsAt, rows + 1)
      for (let row = 0; row < rows; row++) yield starts[row + 1] - starts[row]
    }
  }

  private batchOf(index: number): Batch {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`no row ${index} among ${this.length}`)
    let [low, high] = [0, this.batches.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.batches[middle].firstRow <= index) low = middle
      else high = middle - 1
    }
    return this.batches[low]
  }

  private int32At(offset: number, count: number): Int32Array {
    const bytes = readAt(this.fd, offset, 4 * count)
    if (bytes.length < 4 * count) throw damage(this.path, `it ends before byte ${offset + 4 * count}`)
    return new Int32Array(bytes.buffer, 0, count)
  }
}
