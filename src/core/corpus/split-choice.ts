import {DataError} from '../util/errors.js'
import {listNames, type PassedOver} from './file-roles.js'

/** What is wanted of a data set, on the Hub or in a folder of this machine. */
export interface SplitRequest {
  /** What it is called in messages: `data set owner/name` or `documents /path`. */
  readonly label: string
  /** `all` is every file of every split. */
  readonly split: string
  /** `config_name` of its card, or a folder of the repository. */
  readonly subset?: string
  /**
   * Whether it is a folder of this machine. It may hold whatever people collect: where no split is named all kinds of all
   * folders are read, a split may lie in several folders, markdown is a text, and a missing shard is no error.
   */
  readonly isLocal?: boolean
}

/** The files that are read, and all that has to be said about the others. */
export interface SplitChoice {
  /** In the order of their rows. */
  readonly files: readonly string[]
  /** Splits that are there too; null where no split is named and everything is read. */
  readonly others: readonly string[] | null
  readonly passed: readonly PassedOver[]
  /** What may not be as it was meant, in sentences. */
  readonly doubts: readonly string[]
}

/** A file, and its path below the folder of the subset. */
export interface Place {
  readonly path: string
  readonly name: string
}

/** Asks for every split, unless one is called so. */
export const everySplit = 'all'

/** Whether a part is asked for of what has none and is read whole: `train` is the default, and everything is everything. */
export function asksForPart({split, subset}: Pick<SplitRequest, 'split' | 'subset'>): boolean {
  return (split !== 'train' && split !== everySplit) || subset !== undefined
}

/** The error for a split that is not there. */
export function noSplit({label, split}: SplitRequest, splits: readonly string[]): DataError {
  return new DataError(`${label} has no split ${split}`, {
    suggestions: [`set data.split to one of ${listNames(splits)}, or to ${everySplit} to read every file`],
  })
}
