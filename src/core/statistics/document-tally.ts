import type {DocumentIds} from '../records/document-ids.js'
import {DataError} from '../util/errors.js'
import type {DocumentScore} from './bootstrap-fit.js'

/**
 * What the answers of each cluster scored, by stratum: 16 bytes a cluster and stratum, however many answers. A cluster is
 * what a bootstrap resamples as a whole: a document with all its windows, or one question.
 */
export class DocumentTally {
  /** [clusters, strata, (count, sum of scores)], with room for whole clusters. */
  private sums = new Float64Array(0)

  /**
   * @param ids names of the clusters, which other tallies may share
   * @param strata every stratum that an answer may be in
   */
  constructor(
    private readonly ids: DocumentIds,
    private readonly strata: readonly string[],
  ) {}

  /**
   * Counts one answer.
   *
   * @param score 1 or true for a right answer, 0 or false for a wrong one, or between
   * @throws {DataError} when its stratum is none of those known
   */
  add(cluster: string, stratum: string, score: boolean | number): void {
    const level = this.strata.indexOf(stratum)
    if (level < 0) throw new DataError(`${cluster} is in ${stratum}; expected one of ${this.strata.join(', ')}`)
    const place = this.ids.add(cluster)
    const needed = this.placeOf(place + 1, 0)
    if (needed > this.sums.length) {
      const grown = new Float64Array(2 * needed)
      grown.set(this.sums)
      this.sums = grown
    }
    const at = this.placeOf(place, level)
    this.sums[at]++
    this.sums[at + 1] += Number(score)
  }

  /** Scores of the clusters that have answers in any of these strata. */
  scoresIn(strata: readonly string[]): DocumentScore[] {
    const levels = strata.map((stratum) => this.strata.indexOf(stratum))
    const scores: DocumentScore[] = []
    for (let cluster = 0; cluster < this.ids.length && this.placeOf(cluster, 0) < this.sums.length; cluster++) {
      let count = 0
      let correct = 0
      for (const level of levels) {
        count += this.sums[this.placeOf(cluster, level)]
        correct += this.sums[this.placeOf(cluster, level) + 1]
      }
      if (count > 0) scores.push({docId: this.ids.at(cluster), count, correct})
    }
    return scores
  }

  private placeOf(cluster: number, level: number): number {
    return 2 * (cluster * this.strata.length + level)
  }
}
