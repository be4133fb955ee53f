import {DocumentIds} from '../records/document-ids.js'
import {difficulties, type Target} from '../records/records.js'

/** Many targets in 13 bytes each: millions of objects would take a hundred times as much. */
export class KeptPositions {
  private columns = allocate(1024)
  private count = 0
  /** The name that was looked up last, for positions of one document come one after the other. */
  private last = {document: -1, docId: ''}

  /** @param ids names of the documents, which others may share */
  constructor(private readonly ids = new DocumentIds()) {}

  /** Adds a target; those of one document are best added one after the other. */
  push({docId, position, difficulty, entropy}: Target): void {
    if (docId !== this.last.docId || this.last.document < 0) this.last = {document: this.ids.add(docId), docId}
    this.append(this.last.document, position, difficulties.indexOf(difficulty), entropy)
  }

  get length(): number {
    return this.count
  }

  /** The target that was added as number `index`, from 0. */
  at(index: number): Target {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`no target ${index} among ${this.count}`)
    const document = this.columns.documents[index]
    if (document !== this.last.document) this.last = {document, docId: this.ids.at(document)}
    return {
      docId: this.last.docId,
      position: this.columns.positions[index],
      difficulty: difficulties[this.columns.difficulties[index]],
      entropy: this.columns.entropies[index],
    }
  }

  /** The targets of these numbers, in their order. */
  subset(indices: Iterable<number>): KeptPositions {
    const chosen = new KeptPositions(this.ids)
    const {documents, positions, difficulties, entropies} = this.columns
    for (const index of indices)
      chosen.append(documents[index], positions[index], difficulties[index], entropies[index])
    return chosen
  }

  *[Symbol.iterator](): Generator<Target> {
    for (let index = 0; index < this.count; index++) yield this.at(index)
  }

  private append(document: number, position: number, difficulty: number, entropy: number): void {
    if (this.count === this.columns.positions.length) this.grow()
    this.columns.documents[this.count] = document
    this.columns.positions[this.count] = position
    this.columns.difficulties[this.count] = difficulty
    this.columns.entropies[this.count] = entropy
    this.count++
  }

  private grow(): void {
    const {documents, positions, difficulties, entropies} = this.columns
    this.columns = allocate(2 * this.count)
    this.columns.documents.set(documents)
    this.columns.positions.set(positions)
    this.columns.difficulties.set(difficulties)
    this.columns.entropies.set(entropies)
  }
}

function allocate(size: number) {
  return {
    documents: new Int32Array(size),
    positions: new Int32Array(size),
    difficulties: new Uint8Array(size),
    entropies: new Float32Array(size),
  }
}
