import {clusterOf} from '../records/cluster-of.js'
import type {DocumentIds} from '../records/document-ids.js'
import type {Difficulty} from '../records/records.js'
import type {DocumentScore} from './bootstrap-fit.js'
import {isInSplit, type Split, type SplitRule} from './split.js'

const difficulties: readonly Difficulty[] = ['none', 'easy', 'medium', 'hard']

/**
 * How many predictions of each document, its windows together, were right, by difficulty: 32 bytes a document, however
 * many predictions.
 */
export class DocumentTally {
  /** [documents, difficulty, (count, correct)]. */
  private counts = new Int32Array(2 ** 10)

  /** @param ids names of the documents, which other tallies may share */
  constructor(private readonly ids: DocumentIds) {}

  /** Counts one prediction. */
  add(docId: string, difficulty: Difficulty, isCorrect: boolean): void {
    const at = placeOf(this.ids.add(clusterOf(docId)), difficulties.indexOf(difficulty))
    if (at >= this.counts.length) {
      const grown = new Int32Array(2 * at)
      grown.set(this.counts)
      this.counts = grown
    }
    this.counts[at]++
    if (isCorrect) this.counts[at + 1]++
  }

  /** Scores of the documents that have predictions in a split. */
  scoresIn(split: Split, rule: SplitRule): DocumentScore[] {
    const levels = [...difficulties.keys()].filter((level) => isInSplit(difficulties[level], split, rule))
    const scores: DocumentScore[] = []
    for (let document = 0; placeOf(document, 0) < this.counts.length; document++) {
      let count = 0
      let correct = 0
      for (const level of levels) {
        count += this.counts[placeOf(document, level)]
        correct += this.counts[placeOf(document, level) + 1]
      }
      if (count > 0) scores.push({docId: this.ids.at(document), count, correct})
    }
    return scores
  }
}

function placeOf(document: number, level: number): number {
  return 2 * (document * difficulties.length + level)
}
