import type {Difficulty} from '../records/records.js'

/** How many positions ended where. */
export interface PositionCounts {
  readonly total: number
  readonly kept: number
  readonly easy: number
  readonly medium: number
  readonly hard: number
  /** By what is said of them in the table; they add up to the total. */
  readonly reasons: Readonly<Record<string, number>>
  /** Targets that no box can hold, by the hardest level that they reach. */
  readonly inexpressible: Readonly<Record<Difficulty, number>>
}

/** How training positions were chosen. */
export interface SelectionSummary {
  /** `data.select`. */
  readonly select: string
  /** Which positions it keeps, in words. */
  readonly rule: string
  /** Of all training positions, in [0, 1]. */
  readonly share_kept: number
}

/** What prepared data depends on, part by part so that a difference can be named. */
export interface PreparationInputs {
  readonly version: string
  /** sha256 of documents, tokenizer, checkpoints and settings, hexadecimal; `none` where there is none. */
  readonly fingerprints: Readonly<Record<string, string>>
  /** Config key -> value, of every setting that the result depends on. */
  readonly settings: Readonly<Record<string, unknown>>
}
