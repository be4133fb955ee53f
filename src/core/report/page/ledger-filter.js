// @ts-check
/**
 * Which items of a ledger a reader asks for. Runs in Node and, as part of a page's script, in a browser.
 *
 * @typedef {object} DrawnItem how an item went in the whole run
 * @property {number} drawn groups of it
 * @property {number} with_signal groups whose rewards differ
 * @property {number} completions
 * @property {number} correct
 * @property {number | null} last_step
 *
 * @typedef {DrawnItem & {item: string, split: string, byte: number | null}} LedgerEntry an item of a page: `document@position`,
 *   its split and the byte of the document where it starts; null where the document is not at hand
 */

/**
 * How a drawn item may have gone.
 *
 * @type {Readonly<Record<string, (item: DrawnItem) => boolean>>}
 */
export const ways = {
  'never-right': ({correct}) => correct === 0,
  'sometimes-right': ({correct, completions}) => correct > 0 && correct < completions,
  'always-right': ({correct, completions}) => correct === completions,
  'no-signal': ({with_signal}) => with_signal === 0,
}

const rightShare = (/** @type {DrawnItem} */ {correct, completions}) => correct / completions

/**
 * What the first item has most of; of equal ones, those that were right least come first.
 *
 * @type {Readonly<Record<string, (item: DrawnItem) => number>>}
 */
export const orders = {
  'drawn most': ({drawn}) => drawn,
  'drawn last': ({last_step}) => last_step ?? 0,
  'right least': (item) => -rightShare(item),
  'right most': rightShare,
}

/**
 * The entries that match, in order; an empty string asks for everything.
 *
 * @param {readonly LedgerEntry[]} entries
 * @param {{way: string, split: string, order: string}} query
 * @returns {LedgerEntry[]}
 */
export function ledgerRows(entries, {way, split, order}) {
  const sizeOf = orders[order]
  return entries
    .filter((one) => (way === '' || ways[way](one)) && (split === '' || one.split === split))
    .sort((one, other) => sizeOf(other) - sizeOf(one) || rightShare(one) - rightShare(other))
}

/** What a table says of an item, behind its name. @param {LedgerEntry} entry */
export function ledgerCells({split, drawn, completions, correct, with_signal, last_step}) {
  return [split || '-', String(drawn), `${correct} of ${completions}`, `${with_signal} of ${drawn}`, String(last_step)]
}

/** Where an item starts. @param {LedgerEntry} entry */
export function placeOf({byte}) {
  return byte === null ? '' : `from byte ${byte}`
}
