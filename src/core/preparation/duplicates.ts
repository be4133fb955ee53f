import type {Partition} from '../records/records.js'
import type {Survey} from './survey-documents.js'

/** How many documents that were read have the whole text of an earlier one, by where they belong. */
export type DuplicateCounts = Readonly<Record<Partition, number>>

/** Counts exact duplicates. Equal texts have equal hashes and so are on one side of the split. */
export function countDuplicates({hashes, bound}: Survey): DuplicateCounts {
  const counts = {train: 0, val: 0}
  const sorted = Float64Array.from(hashes).sort()
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) counts[sorted[i] < bound ? 'val' : 'train']++
  return counts
}

/** What to say of duplicates, and what they do to training and to intervals; nothing where there are none. */
export function duplicateNotes({train, val}: DuplicateCounts, read: number): string[] {
  if (train + val === 0) return []
  const seen = `of ${read} documents, ${train} to train on and ${val} held out have the same text as an earlier one`
  const effect =
    val > 0
      ? 'intervals count held-out documents as independent, so they come out too narrow; remove the duplicates'
      : 'their positions are drawn more often; remove the duplicates if that is not intended'
  return [`prepare-data: ${seen}; ${effect}`]
}
