import {completionBucket, countBucket} from './bucket.js'

/** Entries of a page: what rows' own caches grow by, once they are as large. */
export const pageTokens = 1024

/** Fewest entries of rows' own caches; doubled whenever they are full, up to a page. */
const minCapacity = 16

/**
 * Entries that rows' own caches have room for.
 *
 * @param tokens what they must have room for
 * @param maxTokens what they may have to have room for later
 */
export function ownCapacity(tokens: number, maxTokens: number): number {
  const before = Math.floor((tokens - 1) / pageTokens) * pageTokens
  const wanted = before === 0 ? countBucket(tokens, minCapacity) : pageTokens
  return before + Math.min(wanted, evenPage(completionBucket(maxTokens) - before))
}

/** Sizes of the pages that have room for `capacity` entries together. */
export function pageSizes(capacity: number): number[] {
  return Array.from({length: Math.ceil(capacity / pageTokens)}, (_, page) =>
    Math.min(pageTokens, capacity - page * pageTokens),
  )
}

/** Up to 128 entries as they are, more in powers of two: so whole blocks of any head size fill a page (`valueLayout`). */
function evenPage(tokens: number): number {
  return tokens <= 128 ? tokens : countBucket(tokens)
}
