import type {EvalMode} from '../config/names.js'
import {DocumentIds} from '../records/document-ids.js'
import type {DocumentScore} from '../statistics/bootstrap-fit.js'
import {DocumentTally} from '../statistics/document-tally.js'
import {pickColumns, predictionsTable, readRows} from '../tables/index.js'
import type {Task} from '../tasks/task.js'

const columns = pickColumns(predictionsTable, 'cluster', 'mode', 'split', 'sample', 'correct')

/** How the greedy predictions of checkpoints did: each file is read once, a batch at a time, and of it what a fit needs. */
export class ScoreReader {
  private readonly ids = new DocumentIds()
  private readonly known = new Map<string, ReadonlyMap<EvalMode, DocumentTally>>()

  constructor(private readonly task: Pick<Task<unknown>, 'strata' | 'splits'>) {}

  /** Scores by cluster of the predictions that a file holds of one mode and split. */
  scoresOf(file: string, mode: EvalMode, split: string): DocumentScore[] {
    const tallies = this.known.get(file) ?? this.read(file)
    this.known.set(file, tallies)
    const {strata} = this.task.splits.find(({name}) => name === split)!
    return tallies.get(mode)?.scoresIn(strata) ?? []
  }

  private read(file: string): ReadonlyMap<EvalMode, DocumentTally> {
    const tallies = new Map<EvalMode, DocumentTally>()
    for (const {cluster, mode, split, sample, correct} of readRows(file, columns)) {
      if (sample > 0) continue
      const tally = tallies.get(mode) ?? new DocumentTally(this.ids, this.task.strata)
      tallies.set(mode, tally)
      tally.add(cluster, split, correct)
    }
    return tallies
  }
}
