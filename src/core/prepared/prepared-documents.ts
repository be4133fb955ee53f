import {DocumentIds} from '../records/document-ids.js'
import type {Partition, TokenizedDocument} from '../records/records.js'
import {documentsTable, ListColumn, pickColumns, readRows} from '../tables/index.js'
import {DataError} from '../util/errors.js'

const partitions: readonly Partition[] = ['train', 'val']
/** Bytes of tokens that stay in memory, so that the positions of a document read it once. */
const cacheBytes = 16 * 2 ** 20

/** Documents by number, from 0. */
export interface DocumentList {
  readonly length: number
  /** Tokens of each. */
  readonly lengths: Int32Array
  /** 1 for each whose text goes on behind it, else 0. */
  readonly goesOn: Uint8Array
  at(index: number): TokenizedDocument
}

/**
 * The documents of prepared data, in the order of the corpus: their names and partitions are in memory, their tokens are
 * read when they are asked for.
 */
export class PreparedDocuments implements DocumentList {
  private readonly cached = new Map<number, TokenizedDocument>()
  private held = 0

  private constructor(
    private readonly tokens: Pick<ListColumn, 'at'>,
    /** Names by number. */
    readonly ids: DocumentIds,
    /** Numbers of the documents of each partition. */
    private readonly members: Readonly<Record<Partition, Int32Array>>,
    private readonly partitionOf: Uint8Array,
    readonly lengths: Int32Array,
    readonly goesOn: Uint8Array,
    private readonly limit: number,
  ) {}

  /**
   * Opens `documents.arrow`.
   *
   * @param limit bytes of tokens kept in memory
   * @throws {DataError} when it is damaged, or names a document twice
   */
  static open(file: string, limit = cacheBytes): PreparedDocuments {
    const tokens = ListColumn.open(file, documentsTable, 'token_ids')
    const ids = new DocumentIds()
    const partitionOf = new Uint8Array(tokens.length)
    const lengths = Int32Array.from(tokens.lengths())
    const goesOn = new Uint8Array(tokens.length)
    const columns = pickColumns(documentsTable, 'doc_id', 'partition', 'goes_on')
    for (const {doc_id, partition, goes_on} of readRows(file, columns)) {
      const index = ids.length
      if (ids.add(doc_id) !== index) throw new DataError(`${file} has document ${doc_id} twice`)
      partitionOf[index] = partitions.indexOf(partition)
      goesOn[index] = Number(goes_on)
    }
    const membersOf = (own: Partition) => {
      const code = partitions.indexOf(own)
      return Int32Array.from(partitionOf.keys()).filter((index) => partitionOf[index] === code)
    }
    const members = {train: membersOf('train'), val: membersOf('val')}
    return new PreparedDocuments(tokens, ids, members, partitionOf, lengths, goesOn, limit)
  }

  /** No documents at all. */
  static none(): PreparedDocuments {
    const nothing = new Int32Array()
    const tokens = {at: () => nothing}
    return new PreparedDocuments(
      tokens,
      new DocumentIds(),
      {train: nothing, val: nothing},
      new Uint8Array(),
      nothing,
      new Uint8Array(),
      0,
    )
  }

  get length(): number {
    return this.ids.length
  }

  /** Bytes of tokens in memory. */
  get heldBytes(): number {
    return this.held
  }

  /** The document of a name. Throws {DataError} where there is none. */
  get(docId: string): TokenizedDocument {
    const index = this.ids.indexOf(docId)
    if (index < 0) throw new DataError(`the prepared data has no document ${docId}`)
    return this.at(index)
  }

  at(index: number): TokenizedDocument {
    const known = this.cached.get(index)
    if (known) {
      // A map keeps its entries in the order they were set: the first is the one unused for longest.
      this.cached.delete(index)
      this.cached.set(index, known)
      return known
    }
    const docId = this.ids.at(index)
    const document = {docId, partition: partitions[this.partitionOf[index]], tokenIds: this.tokens.at(index)}
    this.keep(index, document)
    return document
  }

  /** Documents of one partition, in the order of the corpus. */
  in(partition: Partition): DocumentList {
    const members = this.members[partition]
    return {
      length: members.length,
      lengths: members.map((index) => this.lengths[index]),
      goesOn: Uint8Array.from(members, (index) => this.goesOn[index]),
      at: (index) => this.at(members[index]),
    }
  }

  private keep(index: number, document: TokenizedDocument): void {
    this.cached.set(index, document)
    this.held += document.tokenIds.byteLength
    for (const [oldest, {tokenIds}] of this.cached) {
      if (this.held <= this.limit) break
      this.cached.delete(oldest)
      this.held -= tokenIds.byteLength
    }
  }
}
