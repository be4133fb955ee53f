// @ts-check
/**
 * Which completions a reader asks for.
 *
 * @typedef {object} SampledCompletion
 * @property {number} sample
 * @property {string} outcome
 * @property {boolean} correct
 * @property {number} reward
 * @property {Readonly<Record<string, number>>} parts of the reward, by term
 * @property {number} advantage
 * @property {number} tokens
 * @property {string | null} prediction its bytes, in hexadecimal digits
 * @property {string} text
 * @property {string} explanation
 *
 * @typedef {object} SampledGroup completions of one position in one step
 * @property {string} run
 * @property {number} step
 * @property {string} doc
 * @property {number} position
 * @property {string} split how hard the position is; empty where that is not known
 * @property {string} context the text before it, or the question, from its end
 * @property {number | null} byte where the position starts in its document; null where the document is not at hand
 * @property {string} ledger how often the item was drawn in the whole run, and how it went; empty where that is not known
 * @property {string} truth the bytes that follow, in hexadecimal digits
 * @property {readonly number[]} boundaries where tokens end in them
 * @property {readonly SampledCompletion[]} completions
 *
 * @typedef {object} RolloutQuery an empty string asks for everything
 * @property {string} run
 * @property {string} step
 * @property {string} split
 * @property {string} outcome
 * @property {string} result `right` or `wrong`
 * @property {string} least reward
 * @property {string} most
 * @property {string} text in the document's name, the context, the completion or its explanation, or `document@position`
 *   whole; upper and lower case are the same
 */

/**
 * The groups that have something to show, each with the completions that match.
 *
 * @param {readonly SampledGroup[]} groups
 * @param {RolloutQuery} query
 * @returns {{group: SampledGroup, shown: SampledCompletion[]}[]}
 */
export function matching(groups, query) {
  const text = query.text.toLowerCase()
  const has = (/** @type {string} */ where) => where.toLowerCase().includes(text)
  const asks = (/** @type {string} */ wanted, /** @type {string | number} */ value) =>
    wanted === '' || wanted === String(value)
  const [least, most] = [limit(query.least, Number.NEGATIVE_INFINITY), limit(query.most, Number.POSITIVE_INFINITY)]
  return groups.flatMap((group) => {
    if (!asks(query.run, group.run) || !asks(query.step, group.step) || !asks(query.split, group.split)) return []
    const isItem = text === `${group.doc}@${group.position}`.toLowerCase()
    const isOfGroup = text === '' || isItem || has(group.doc) || has(group.context)
    const shown = group.completions.filter(
      (one) =>
        asks(query.outcome, one.outcome) &&
        asks(query.result, one.correct ? 'right' : 'wrong') &&
        one.reward >= least &&
        one.reward <= most &&
        (isOfGroup || has(one.text) || has(one.explanation)),
    )
    return shown.length > 0 ? [{group, shown}] : []
  })
}

/** @param {string} text @param {number} otherwise */
function limit(text, otherwise) {
  return text.trim() === '' || Number.isNaN(Number(text)) ? otherwise : Number(text)
}
