import {MinHeap} from './min-heap.js'
import type {TokenizerJson} from './tokenizer-json.js'

type Model = TokenizerJson['model']

interface Merge {
  readonly rank: number
  readonly id: number
}

/** Ids are below 2^24, so that a pair of them is one exact number. */
const pairOf = (left: number, right: number) => left * 2 ** 24 + right
/** Pieces have fewer than 2^28 symbols, so that a rank and a place are one exact number in the order of merging. */
const places = 2 ** 28
const cachedLength = 64
const cachedPieces = 50_000

/** A vocabulary and its merges, by id. */
export class MergeTable {
  readonly ids: ReadonlyMap<string, number>
  readonly merges: ReadonlyMap<number, Merge>

  constructor({vocab, merges}: Model) {
    const ids = new Map(Object.entries(vocab))
    const pairs = merges.map((merge) => (typeof merge === 'string' ? merge.split(' ') : merge))
    this.ids = ids
    this.merges = new Map(
      pairs.map(([left, right], rank) => [pairOf(ids.get(left)!, ids.get(right)!), {rank, id: ids.get(left + right)!}]),
    )
  }
}

/**
 * Byte pair encoding of pieces of text: the pair of lowest rank is merged first, of equal ones the leftmost, until none is
 * left. O(n log n) in the length of a piece, which without a pre-tokenizer is a whole document.
 */
export class BytePairEncoder {
  private readonly cache = new Map<string, readonly number[]>()

  /**
   * @param blocked ids that are never made
   * @param unknown id for characters that the vocabulary cannot spell; null for none at all
   */
  constructor(
    private readonly table: MergeTable,
    private readonly model: Pick<Model, 'byte_fallback' | 'ignore_merges' | 'fuse_unk'>,
    private readonly blocked: ReadonlySet<number>,
    private readonly unknown: number | null,
  ) {}

  /** Ids of a piece. */
  encode(piece: string): readonly number[] {
    const cached = this.cache.get(piece)
    if (cached) return cached
    const ids = this.wholeWord(piece) ?? this.merge(this.symbolsOf(piece))
    if (piece.length > cachedLength) return ids
    if (this.cache.size >= cachedPieces) this.cache.clear()
    this.cache.set(piece, ids)
    return ids
  }

  private wholeWord(piece: string): readonly number[] | null {
    const id = this.model.ignore_merges ? this.idOf(piece) : undefined
    return id === undefined ? null : [id]
  }

  private idOf(token: string): number | undefined {
    const id = this.table.ids.get(token)
    return id === undefined || this.blocked.has(id) ? undefined : id
  }

  private symbolsOf(piece: string): number[] {
    const symbols: number[] = []
    for (const character of piece) {
      const id = this.idOf(character)
      if (id !== undefined) symbols.push(id)
      else symbols.push(...(this.bytesOf(character) ?? this.unknownAfter(symbols.at(-1))))
    }
    return symbols
  }

  private bytesOf(character: string): number[] | null {
    if (!this.model.byte_fallback) return null
    const names = Array.from(
      Buffer.from(character),
      (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    )
    const ids = names.map((name) => this.idOf(name))
    return ids.every((id) => id !== undefined) ? ids : null
  }

  private unknownAfter(previous: number | undefined): number[] {
    const isFused = this.model.fuse_unk && previous === this.unknown
    return this.unknown === null || isFused ? [] : [this.unknown]
  }

  private mergeOf(left: number, right: number): Merge | undefined {
    const merge = this.table.merges.get(pairOf(left, right))
    return merge && !this.blocked.has(merge.id) ? merge : undefined
  }

  private merge(symbols: number[]): readonly number[] {
    const count = symbols.length
    const next = Int32Array.from(symbols, (_, i) => i + 1)
    const previous = Int32Array.from(symbols, (_, i) => i - 1)
    const waiting = new MinHeap()
    const propose = (at: number) => {
      const merge = at >= 0 && next[at] < count ? this.mergeOf(symbols[at], symbols[next[at]]) : undefined
      if (merge) waiting.push(merge.rank * places + at)
    }
    for (let at = 0; at + 1 < count; at++) propose(at)
    for (let first = waiting.pop(); first !== undefined; first = waiting.pop()) {
      const at = first % places
      const right = next[at]
      const merge = symbols[at] >= 0 && right < count ? this.mergeOf(symbols[at], symbols[right]) : undefined
      // Proposals outlive their pairs.
      if (merge?.rank !== Math.floor(first / places)) continue
      symbols[at] = merge.id
      symbols[right] = -1
      next[at] = next[right]
      if (next[at] < count) previous[next[at]] = at
      propose(previous[at])
      propose(at)
    }
    return symbols.filter((id) => id >= 0)
  }
}
