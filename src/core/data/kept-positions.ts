import type {Difficulty, Target} from '../records/records.js'

const difficulties: readonly Difficulty[] = ['none', 'easy', 'medium', 'hard']

/** Many targets in 9 bytes each: millions of objects would take a hundred times as much. */
export class KeptPositions {
  private readonly docIds: string[] = []
  private columns = allocate(1024)
  private count = 0

  /** Adds a target; those of one document are best added one after the other. */
  push({docId, position, difficulty}: Target): void {
    if (this.count === this.columns.positions.length) this.grow()
    if (docId !== this.docIds.at(-1)) this.docIds.push(docId)
    this.columns.documents[this.count] = this.docIds.length - 1
    this.columns.positions[this.count] = position
    this.columns.difficulties[this.count] = difficulties.indexOf(difficulty)
    this.count++
  }

  get length(): number {
    return this.count
  }

  /** The target that was added as number `index`, from 0. */
  at(index: number): Target {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`no target ${index} among ${this.count}`)
    return {
      docId: this.docIds[this.columns.documents[index]],
      position: this.columns.positions[index],
      difficulty: difficulties[this.columns.difficulties[index]],
    }
  }

  *[Symbol.iterator](): Generator<Target> {
    for (let index = 0; index < this.count; index++) yield this.at(index)
  }

  private grow(): void {
    const {documents, positions, difficulties} = this.columns
    this.columns = allocate(2 * this.count)
    this.columns.documents.set(documents)
    this.columns.positions.set(positions)
    this.columns.difficulties.set(difficulties)
  }
}

function allocate(size: number) {
  return {documents: new Int32Array(size), positions: new Int32Array(size), difficulties: new Uint8Array(size)}
}
