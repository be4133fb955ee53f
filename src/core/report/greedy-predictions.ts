import type {SplitRule} from '../config/names.js'
import {DocumentIds} from '../records/document-ids.js'
import {difficulties} from '../records/records.js'
import {type PairedDifference, pairedDifferences} from '../statistics/interval.js'
import {isInSplit, type Split} from '../statistics/split.js'
import {pickColumns, predictionsTable, readRows} from '../tables/index.js'
import {nextToken} from '../tasks/next-token.js'

const columns = pickColumns(predictionsTable, 'doc_id', 'position', 'mode', 'split', 'sample', 'correct', 'task')

/** The greedy predictions of one checkpoint in one mode, 10 bytes each, in the order of document numbers and positions. */
export interface GreedyPredictions {
  readonly documents: Int32Array
  readonly positions: Int32Array
  /** Indices into the levels of difficulty. */
  readonly levels: Uint8Array
  /** 0 or 1. */
  readonly correct: Uint8Array
}

/** Reads predictions to compare: each file once, a batch at a time, and of it what comparisons need. */
export class GreedyReader {
  private readonly ids = new DocumentIds()
  private readonly known = new Map<string, ReadonlyMap<string, GreedyPredictions>>()

  /** The greedy predictions that a file holds of one mode; null where it has none. */
  read(file: string, mode: string): GreedyPredictions | null {
    const modes = this.known.get(file) ?? this.readFile(file)
    this.known.set(file, modes)
    return modes.get(mode) ?? null
  }

  /**
   * Accuracy of one set minus accuracy of another on one split, with its interval; all sets come from this reader and cover
   * the same positions, and share the resamples of their documents.
   */
  differences(
    sets: readonly GreedyPredictions[],
    {split, rule}: {readonly split: Split; readonly rule: SplitRule},
    options: {readonly bootstraps?: number; readonly seed: number},
  ): (a: GreedyPredictions, b: GreedyPredictions) => PairedDifference {
    const isMember = strata.map((stratum) => isInSplit(stratum, split, rule))
    const docIds = Array.from({length: this.ids.length}, (_, document) => this.ids.at(document))
    const sumOf = (set: GreedyPredictions, valueAt: (i: number) => number) => {
      const sums = new Int32Array(docIds.length)
      for (let i = 0; i < set.positions.length; i++) if (isMember[set.levels[i]]) sums[set.documents[i]] += valueAt(i)
      return sums
    }
    const counts = sumOf(sets[0], () => 1)
    const corrects = sets.map((set) => sumOf(set, (i) => set.correct[i]))
    const between = pairedDifferences({docIds, counts, corrects}, options)
    const places = new Map(sets.map((set, place) => [set, place]))
    return (a, b) => between(places.get(a)!, places.get(b)!)
  }

  private readFile(file: string): ReadonlyMap<string, GreedyPredictions> {
    const gathered = new Map<string, Gathered>()
    for (const {doc_id, position, mode, split, sample, correct, task} of readRows(file, columns)) {
      if (sample > 0) continue
      const own = gathered.get(mode) ?? new Gathered()
      gathered.set(mode, own)
      own.push(this.ids.add(doc_id), position, levelOf(split, task), correct)
    }
    return new Map([...gathered].map(([mode, own]) => [mode, own.inOrder()]))
  }
}

/** Levels of difficulty, and whatever other tasks have. */
const strata: readonly string[] = [...difficulties, 'other']

/** A category of another task may have the name of a level, and is none. */
function levelOf(stratum: string, task: string): number {
  const level = task === nextToken.name ? strata.indexOf(stratum) : -1
  return level < 0 ? strata.length - 1 : level
}

/** Whether two sets hold predictions of the same positions, of the same difficulty. */
export function coverSamePositions(a: GreedyPredictions, b: GreedyPredictions): boolean {
  return (
    a.positions.length === b.positions.length &&
    a.positions.every(
      (position, i) => position === b.positions[i] && a.documents[i] === b.documents[i] && a.levels[i] === b.levels[i],
    )
  )
}

/** Predictions of one mode as they come. */
class Gathered {
  private columns = allocate(1024)
  private count = 0

  push(document: number, position: number, level: number, isCorrect: boolean): void {
    if (this.count === this.columns.positions.length) {
      const {documents, positions, levels, correct} = this.columns
      this.columns = allocate(2 * this.count)
      this.columns.documents.set(documents)
      this.columns.positions.set(positions)
      this.columns.levels.set(levels)
      this.columns.correct.set(correct)
    }
    this.columns.documents[this.count] = document
    this.columns.positions[this.count] = position
    this.columns.levels[this.count] = level
    this.columns.correct[this.count] = Number(isCorrect)
    this.count++
  }

  inOrder(): GreedyPredictions {
    const {documents, positions, levels, correct} = this.columns
    const compare = (i: number, j: number) => documents[i] - documents[j] || positions[i] - positions[j]
    const order = Int32Array.from({length: this.count}, (_, i) => i)
    const isSorted = order.every((i) => i === 0 || compare(i - 1, i) <= 0)
    if (!isSorted) order.sort(compare)
    return {
      documents: order.map((i) => documents[i]),
      positions: order.map((i) => positions[i]),
      levels: Uint8Array.from(order, (i) => levels[i]),
      correct: Uint8Array.from(order, (i) => correct[i]),
    }
  }
}

function allocate(size: number) {
  return {
    documents: new Int32Array(size),
    positions: new Int32Array(size),
    levels: new Uint8Array(size),
    correct: new Uint8Array(size),
  }
}
