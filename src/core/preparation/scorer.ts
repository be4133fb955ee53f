import type {Document, Partition} from '../records/records.js'
import type {ModelPlace} from '../runs/model-place.js'
import {DataError} from '../util/errors.js'

/** A checkpoint that scores documents, and which of them. */
export interface Scorer {
  readonly role: 'proxy' | 'difficulty model'
  readonly place: ModelPlace
  readonly maxPositions: number
  readonly partitions: readonly Partition[]
}

/** @throws {DataError} when the scorer is to score the document and cannot, because it is too long */
export function checkLength({docId, partition, tokenIds}: Document, {role, place, ...scorer}: Scorer): void {
  if (!scorer.partitions.includes(partition) || tokenIds.length <= scorer.maxPositions) return
  throw new DataError(
    `${docId} has ${tokenIds.length} tokens; the ${role} ${place.folder} takes ${scorer.maxPositions}`,
    {
      suggestions: [
        `use a ${role} with a longer context`,
        '--set data.onLongDocument=windows splits such documents into windows; cut and skip are also possible',
      ],
    },
  )
}
