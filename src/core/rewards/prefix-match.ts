import type {Context} from '../records/records.js'
import {plural} from '../util/plural.js'
import {quoteShort as quoteBytes} from '../util/quote-bytes.js'
import type {RewardTerm} from './term.js'

/** The prefix-matching reward of each completion (RPT, Eq. 3); 0 without a prediction. The verdict explains it. */
export const prefixMatchTerm: RewardTerm<Context> = {
  score: ({item, verdicts}) =>
    verdicts.map(({answer}) => (answer === null ? 0 : prefixReward(answer, item.truth, item.boundaries))),
}

/**
 * The prefix-matching reward (RPT, Eq. 3): 1 if the prediction is a byte-exact prefix of what really came next and ends
 * where one of its tokens ends, else 0.
 *
 * @param truth bytes of the continuation
 * @param boundaries cumulative byte lengths of its tokens
 */
export function prefixReward(prediction: Uint8Array, truth: Uint8Array, boundaries: Int32Array): 0 | 1 {
  return isPrefix(prediction, truth) && boundaries.includes(prediction.length) ? 1 : 0
}

/** Why a prediction got its prefix-matching reward, in one sentence. */
export function explainPrefix(prediction: Uint8Array, context: Context): string {
  const {truth, boundaries} = context
  if (prediction.length === 0)
    return `the box is empty; the shortest prediction is ${quoteBytes(truth.subarray(0, boundaries[0]))}`
  if (isPrefix(prediction, truth)) return explainBeginning(prediction, boundaries)
  if (isPrefix(truth, prediction))
    return `${quoteBytes(prediction)} goes on beyond the ${truth.length} reference bytes ${quoteBytes(truth)}`
  return explainDifference(prediction, context)
}

/** Of a prediction that the continuation begins with. */
function explainBeginning(prediction: Uint8Array, boundaries: Int32Array): string {
  const tokens = boundaries.indexOf(prediction.length) + 1
  if (tokens > 0) return `${quoteBytes(prediction)} is what follows, ${plural(tokens, 'token')} of it`
  const end = `byte ${prediction.length} is no token boundary (boundaries ${listAround(boundaries, prediction.length)})`
  const right = boundaries.findLast((boundary) => boundary < prediction.length)
  if (right === undefined || !isBlank(prediction.subarray(right)))
    return `${quoteBytes(prediction)} begins what follows, but ends within a token: ${end}`
  const blank =
    prediction.length - right === 1 && prediction[right] === space ? 'a trailing space' : 'trailing white space'
  return `correct prefix ${quoteBytes(prediction.subarray(0, right))} but ${blank}: ${end}`
}

/** Of a prediction that goes another way than the continuation. */
function explainDifference(prediction: Uint8Array, {truth, boundaries}: Context): string {
  const right = prediction.findIndex((byte, i) => byte !== truth[i])
  const next = truth.subarray(
    0,
    boundaries.find((boundary) => boundary >= prediction.length),
  )
  const expected = quoteBytes(next)
  if (boundaries.includes(right) && isBlank(prediction.subarray(right)))
    return `correct prefix ${quoteBytes(prediction.subarray(0, right))} but trailing white space, where ${expected} follows`
  if (truth[0] === space && isPrefix(prediction, truth.subarray(1)))
    return `${quoteBytes(prediction)} lacks the leading space of ${expected}`
  const agreement = right === 0 ? 'no byte agrees' : `only the first ${right} of ${prediction.length} bytes agree`
  return `next is ${quoteFrom(next, right)}; yours is ${quoteFrom(prediction, right)}: ${agreement}`
}

/** Bytes in quotes, or where a difference at byte `at` would not be seen so, those around it. */
function quoteFrom(bytes: Uint8Array, at: number): string {
  if (at < longestShown) return quoteBytes(bytes)
  let from = at - 16
  while ((bytes[from] & 0xc0) === 0x80) from--
  return `...${quoteBytes(bytes.subarray(from))}`
}

/** Bytes that are surely within what is quoted. */
const longestShown = 48

const space = 0x20

function isPrefix(part: Uint8Array, whole: Uint8Array): boolean {
  return part.length <= whole.length && part.every((byte, i) => byte === whole[i])
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === space || byte === 0x09 || byte === 0x0a || byte === 0x0d)
}

/** The boundaries next to a length, three on either side. */
function listAround(boundaries: Int32Array, length: number): string {
  const next = boundaries.filter((boundary) => boundary < length).length
  const from = Math.max(0, next - 3)
  const to = Math.min(boundaries.length, next + 3)
  const listed = boundaries.subarray(from, to).join(', ')
  return `${from > 0 ? '..., ' : ''}${listed}${to < boundaries.length ? ', ...' : ''}`
}
