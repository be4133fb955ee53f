import type {ScoredDocument} from './scored-documents.js'

/** A position with what it is ranked by. */
export interface Ranked {
  readonly docId: string
  readonly position: number
  /** Nats. */
  readonly entropy: number
}

/**
 * Whether a position ranks behind another: highest entropy first, equal ones by name and place, so that the order of the
 * documents does not matter.
 */
export function isBeyond(a: Ranked, b: Ranked): boolean {
  if (a.entropy !== b.entropy) return a.entropy < b.entropy
  return a.docId === b.docId ? a.position > b.position : a.docId > b.docId
}

/**
 * The last position of the share of training positions with the highest entropy.
 *
 * Reads the corpus twice: for the entropies, 4 bytes each in memory, and for the places of those equal to the last one.
 *
 * @param capacity training positions at the most
 * @param isEligible whether the target at a position of a document counts at all
 */
export async function topShareBound(
  read: () => Iterable<ScoredDocument> | AsyncIterable<ScoredDocument>,
  capacity: number,
  share: number,
  isEligible: (tokenIds: Int32Array, position: number) => boolean,
): Promise<Ranked> {
  const entropies = new Float32Array(capacity)
  let count = 0
  for await (const document of read()) {
    for (const index of eligibleOf(document, isEligible)) entropies[count++] = document.scores.entropy[index]
  }
  const ranked = entropies.subarray(0, count).sort()
  const size = Math.round(share * count)
  if (size === 0) return {docId: '', position: 0, entropy: Number.POSITIVE_INFINITY}
  const entropy = ranked[count - size]
  const above = count - ranked.lastIndexOf(entropy) - 1
  const ties: {docId: string; positions: number[]}[] = []
  for await (const document of read()) {
    const {docId, scores} = document
    const equal = eligibleOf(document, isEligible).filter((index) => scores.entropy[index] === entropy)
    if (equal.length > 0) ties.push({docId, positions: equal.map((index) => index + 1)})
  }
  return {...lastOf(ties, size - above), entropy}
}

/** Indices of the scores of a training document whose targets count. */
function eligibleOf(
  {partition, tokenIds, scores}: ScoredDocument,
  isEligible: (tokenIds: Int32Array, position: number) => boolean,
): number[] {
  if (partition !== 'train') return []
  return [...scores.entropy.keys()].filter((index) => isEligible(tokenIds, index + 1))
}

/** The `size`-th of equally ranked places, by name and place. */
function lastOf(
  ties: readonly {readonly docId: string; readonly positions: readonly number[]}[],
  size: number,
): {docId: string; position: number} {
  let left = size
  for (const {docId, positions} of ties.toSorted((a, b) => (a.docId < b.docId ? -1 : 1))) {
    if (left <= positions.length) return {docId, position: positions[left - 1]}
    left -= positions.length
  }
  throw new RangeError(`there are ${size - left} places, fewer than ${size}`)
}
