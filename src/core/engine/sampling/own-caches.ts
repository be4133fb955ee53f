import type {ModelConfig} from '../../models/model-config.js'
import {type EntryLayout, entryOffset, keyLayout, valueLayout} from '../../nn/page-layout.js'
import {freeArray} from '../../runtime/output-memory.js'
import type {TensorData} from '../../runtime/session.js'
import {pageSizes} from '../graphs/pages.js'

/** Keys, or values, of one layer in one page: [P, K, G, blocks, panels, blockTokens, width]. */
interface PagePart {
  readonly layout: EntryLayout
  entries: Float32Array
}

/** Consecutive entries of every row: keys and values of each layer in turn. */
interface Page {
  readonly tokens: number
  readonly parts: readonly PagePart[]
}

/** A seat of one of G rows in one of P places for contexts. */
export interface Seat {
  readonly place: number
  readonly row: number
}

/**
 * Keys and values of what the rows of a batch have sampled, as inputs of `decodingStepGraph`.
 *
 * A page has the same tokens of all rows. Rows keep their seats, so that caches grow by a page, rows leave and others
 * take their seats without a copy; only the first page, while it is small, is copied to one of twice the size.
 */
export class OwnCaches {
  private pages: Page[] = []

  constructor(
    private readonly model: ModelConfig,
    /** Places for contexts, and seats of each. */
    private layout: {readonly contexts: number; readonly groupSize: number},
  ) {}

  /** Sequences of entries: one for each seat and key-value head. */
  private get sequences(): number {
    return this.layout.contexts * this.layout.groupSize * this.model.kvHeads
  }

  /** Entries that each row has room for. */
  get capacity(): number {
    return this.pages.reduce((sum, {tokens}) => sum + tokens, 0)
  }

  /** Makes room for that many entries, and drops pages that are not needed for them. */
  resize(capacity: number): void {
    this.pages = pageSizes(capacity).map((tokens, page) => {
      const present = this.pages[page]
      return present && present.tokens >= tokens ? present : this.newPage(tokens, present)
    })
  }

  /**
   * Moves rows together, where they lie, and forgets the others.
   *
   * @param kept the seat that each row had, in the places and seats of a smaller layout, in the order of before
   */
  keep(layout: {readonly contexts: number; readonly groupSize: number}, kept: readonly (readonly Seat[])[]): void {
    const {kvHeads} = this.model
    for (const {parts} of this.pages)
      for (const part of parts) {
        const size = part.entries.length / this.sequences
        // Ascending on both sides: a row moves down into room that is free by then.
        kept.forEach((seats, place) => {
          for (let head = 0; head < kvHeads; head++)
            seats.forEach((seat, row) => {
              const from = sequenceOf(seat, head, kvHeads, this.layout.groupSize) * size
              part.entries.copyWithin(
                sequenceOf({place, row}, head, kvHeads, layout.groupSize) * size,
                from,
                from + size,
              )
            })
        })
        part.entries = part.entries.subarray(0, layout.contexts * layout.groupSize * kvHeads * size)
      }
    this.layout = layout
  }

  /** Writes a row's new keys and values, those of all rows being [2 * layers, P*G, K, D], behind the `length` that it has. */
  write(entries: Float32Array, seat: Seat, length: number): void {
    const {kvHeads, headSize} = this.model
    const {contexts, groupSize} = this.layout
    let [page, token] = [0, length]
    while (token >= this.pages[page].tokens) token -= this.pages[page++].tokens
    this.pages[page].parts.forEach((part, index) => {
      const from = ((index * contexts + seat.place) * groupSize + seat.row) * kvHeads
      for (let head = 0; head < kvHeads; head++)
        writeEntry(part, sequenceOf(seat, head, kvHeads, groupSize), token, entries, (from + head) * headSize)
    })
  }

  feeds(): Record<string, TensorData> {
    return Object.fromEntries(
      this.pages.flatMap(({parts}, page) =>
        parts.map(({entries}, i) => [`own_${i % 2 === 0 ? 'keys' : 'values'}_${Math.floor(i / 2)}_${page}`, entries]),
      ),
    )
  }

  /** A page with what a smaller one has, which is empty afterwards. */
  private newPage(tokens: number, smaller?: Page): Page {
    const {layers, headSize} = this.model
    const size = this.sequences * tokens * headSize
    const part = (layout: EntryLayout) => ({layout, entries: new Float32Array(size)})
    const parts = Array.from({length: layers}, () => [
      part(keyLayout(tokens, headSize)),
      part(valueLayout(tokens, headSize)),
    ]).flat()
    smaller?.parts.forEach((from, i) => {
      copyEntries(from, parts[i], this.sequences)
      freeArray(from.entries)
    })
    return {tokens, parts}
  }
}

/** Number of a sequence in [P, K, G]. */
function sequenceOf({place, row}: Seat, head: number, kvHeads: number, groupSize: number): number {
  return (place * kvHeads + head) * groupSize + row
}

/** Writes an entry of D numbers, those of `entries` from `from` on, as entry `token` of a sequence. */
function writeEntry(
  {layout, entries: to}: PagePart,
  sequence: number,
  token: number,
  entries: Float32Array,
  from: number,
) {
  const {blocks, panels, blockTokens, width} = layout
  const start = sequence * blocks * panels * blockTokens * width
  for (let panel = 0; panel < panels; panel++) {
    const at = start + entryOffset(layout, token, panel)
    for (let i = 0; i < width; i++) to[at + i] = entries[from + panel * width + i]
  }
}

/** Copies all entries of a part into a larger one. */
function copyEntries(from: PagePart, to: PagePart, sequences: number): void {
  const {blocks, panels, blockTokens, width} = from.layout
  const [sizeFrom, sizeTo] = [from.entries.length / sequences, to.entries.length / sequences]
  const run = Math.min(blockTokens, to.layout.blockTokens)
  for (let sequence = 0; sequence < sequences; sequence++)
    for (let token = 0; token < blocks * blockTokens; token += run)
      for (let panel = 0; panel < panels; panel++) {
        const start = sequence * sizeFrom + entryOffset(from.layout, token, panel)
        const at = sequence * sizeTo + entryOffset(to.layout, token, panel)
        to.entries.set(from.entries.subarray(start, start + run * width), at)
      }
}
