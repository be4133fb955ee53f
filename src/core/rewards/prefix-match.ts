import type {Context} from '../records/records.js'
import {quoteBytes} from './quote-bytes.js'

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
export function explainPrefix(prediction: Uint8Array, {truth, boundaries}: Context): string {
  const said = quoteBytes(prediction)
  const ends = boundaries.subarray(0, 4).join(', ')
  if (prediction.length === 0) return `the box is empty; a prediction needs at least ${boundaries[0]} bytes`
  if (prefixReward(prediction, truth, boundaries)) {
    const tokens = boundaries.indexOf(prediction.length) + 1
    return `${said} is what follows, ${tokens} ${tokens === 1 ? 'token' : 'tokens'} of it`
  }
  if (isPrefix(prediction, truth))
    return `${said} begins what follows, but byte ${prediction.length} is no token boundary (boundaries ${ends})`
  if (prediction.length > truth.length && isPrefix(truth, prediction))
    return `${said} goes on beyond the ${truth.length} reference bytes`
  const right = commonLength(prediction, truth)
  const shown = quoteBytes(truth.subarray(0, Math.max(prediction.length, boundaries[0] ?? 0)))
  if (boundaries.includes(right) && isBlank(prediction.subarray(right)))
    return `${quoteBytes(prediction.subarray(0, right))} is what follows, lost to trailing white space`
  if (truth[0] === 0x20 && isPrefix(prediction, truth.subarray(1))) return `${said} lacks the leading space of ${shown}`
  return `${said} is not what follows, which begins ${shown}; they agree on ${right} bytes`
}

function isPrefix(part: Uint8Array, whole: Uint8Array): boolean {
  return part.length <= whole.length && part.every((byte, i) => byte === whole[i])
}

function commonLength(a: Uint8Array, b: Uint8Array): number {
  const difference = a.findIndex((byte, i) => byte !== b[i])
  return difference < 0 ? a.length : difference
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d)
}
