import type {MetricsRow} from '../tables/index.js'

/** A copy of a run's metrics in another program's format. */
export interface Tracker {
  /** Appends the row of a step; the system has it when this returns. */
  write(row: MetricsRow): Promise<void>
  close(): Promise<void>
}

/** A kind of tracker: a row of `trackers`. */
export interface TrackerKind {
  /** Its file, below the run directory. */
  readonly file: string
  /**
   * Begins the file anew with the rows that a run has so far.
   *
   * @param path absolute path of the file
   * @throws {RuntimeFailure} when the file system refuses
   */
  readonly open: (path: string, rows: readonly MetricsRow[]) => Promise<Tracker>
}
