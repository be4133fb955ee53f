/**
 * Checks the metadata of an Arrow message before a decoder follows its offsets: apache-arrow takes every length for true,
 * and one wrong byte can make it read a vector of 2^31 entries.
 *
 * Flatbuffers: a table points back to the offsets of its fields; strings, vectors and tables lie at an offset forward from
 * where they are named (https://flatbuffers.dev/internals/, Arrow's format/Message.fbs and Schema.fbs).
 */

/** What a field of a table holds: bytes in place, or an offset to something of its own. */
type Kind = number | 'string' | {readonly each: number | TableKind} | TableKind | UnionKind
/** A table: what each of its fields holds, in the order of the format. */
type TableKind = () => readonly Kind[]
/** A table whose kind another field chooses, by number. */
interface UnionKind {
  readonly chosenBy: number
  readonly kinds: Readonly<Record<number, TableKind>>
}

/** Tables that one message may have, and how deep they may lie; the largest of ours has about a hundred, nine deep. */
const maxTables = 10_000
const maxDepth = 64

const keyValue: TableKind = () => ['string', 'string']
const scalars =
  (...sizes: readonly number[]): TableKind =>
  () =>
    sizes

/** Type.fbs by number, up to LargeList; a type that is not here has no fields. */
const types: UnionKind['kinds'] = {
  2: scalars(4, 1),
  3: scalars(2),
  7: scalars(4, 4, 4),
  8: scalars(2),
  9: scalars(2, 4),
  10: () => [2, 'string'],
  11: scalars(2),
  14: () => [2, {each: 4}],
  15: scalars(4),
  16: scalars(4),
  17: scalars(1),
  18: scalars(2),
}
const dictionary: TableKind = () => [8, scalars(4, 1), 1, 2]
const field: TableKind = () => [
  'string',
  1,
  1,
  {chosenBy: 2, kinds: types},
  dictionary,
  {each: field},
  {each: keyValue},
]
const schema: TableKind = () => [2, {each: field}, {each: keyValue}, {each: 8}]
const recordBatch: TableKind = () => [8, {each: 16}, {each: 16}, scalars(1, 1), {each: 8}]
const message: TableKind = () => [2, 1, {chosenBy: 1, kinds: {1: schema, 3: recordBatch}}, 8, {each: keyValue}]

/**
 * Whether every offset and length of a message's metadata stays within it, so that decoding takes time and memory in
 * proportion to its bytes.
 */
export function isSoundMetadata(bytes: Uint8Array): boolean {
  return new Verifier(bytes).follow(0, message)
}

class Verifier {
  private readonly view: DataView
  private tables = 0
  private depth = 0

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Goes where the offset at `at` points. */
  follow(at: number, kind: Exclude<Kind, number | UnionKind>): boolean {
    if (!this.holds(at, 4)) return false
    const target = at + this.view.getUint32(at, true)
    if (kind === 'string') return this.vector(target, 1)
    if (typeof kind === 'function') return this.enter(target, kind())
    if (typeof kind.each === 'number') return this.vector(target, kind.each)
    const {each} = kind
    if (!this.vector(target, 4)) return false
    const count = this.view.getUint32(target, true)
    for (let index = 0; index < count; index++) if (!this.follow(target + 4 + 4 * index, each)) return false
    return true
  }

  private holds(at: number, length: number): boolean {
    return at >= 0 && at + length <= this.view.byteLength
  }

  private vector(at: number, size: number): boolean {
    return this.holds(at, 4) && this.holds(at + 4, size * this.view.getUint32(at, true))
  }

  private enter(at: number, kinds: readonly Kind[]): boolean {
    if (++this.tables > maxTables || ++this.depth > maxDepth) return false
    const isSound = this.table(at, kinds)
    this.depth--
    return isSound
  }

  private table(at: number, kinds: readonly Kind[]): boolean {
    if (!this.holds(at, 4)) return false
    const offsets = at - this.view.getInt32(at, true)
    if (!this.holds(offsets, 4)) return false
    const length = this.view.getUint16(offsets, true)
    if (length < 4 || !this.holds(offsets, length)) return false
    const placeOf = (index: number) => {
      const entry = 4 + 2 * index
      const offset = entry + 2 <= length ? this.view.getUint16(offsets + entry, true) : 0
      return offset === 0 ? null : at + offset
    }
    return kinds.every((kind, index) => {
      const place = placeOf(index)
      if (place === null) return true
      if (typeof kind === 'number') return this.holds(place, kind)
      return this.follow(place, isUnion(kind) ? this.choose(kind, placeOf(kind.chosenBy)) : kind)
    })
  }

  private choose({kinds}: UnionKind, chosenAt: number | null): TableKind {
    const chosen = chosenAt !== null && this.holds(chosenAt, 1) ? this.view.getUint8(chosenAt) : 0
    return kinds[chosen] ?? scalars()
  }
}

function isUnion(kind: Exclude<Kind, number>): kind is UnionKind {
  return typeof kind === 'object' && 'chosenBy' in kind
}
