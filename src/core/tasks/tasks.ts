import type {TaskName} from '../config/names.js'
import type {Partition} from '../records/records.js'
import {DataError} from '../util/errors.js'
import {multipleChoice} from './multiple-choice.js'
import {nextToken} from './next-token.js'
import {questions} from './questions.js'
import type {Task, TaskKind} from './task.js'

/** Every task by name. Adding one is one file, one row, and its name in config/names.ts; what it is trained by is a row of `objectives`. */
export const tasks: Readonly<Record<TaskName, TaskKind>> = {
  'next-token': nextToken,
  questions,
  'multiple-choice': multipleChoice,
}

/** @throws {DataError} when a partition has no items: said before a run is trained that needs them */
export function checkItems({size, emptyNotes}: Task<unknown>, partition: Partition): void {
  if (size[partition] === 0) throw new DataError(emptyNotes[partition])
}
