import {expect, it} from 'vitest'
import {StopSearch, stopRule} from '../../../../src/core/engine/sampling/stop-rule.js'

const tokens = ['a', 'aa', 'b', 'ab', 'xaby', 'é', '\ud83d\ude00'].map((text) => new TextEncoder().encode(text))
/** Two tokens of which each is a part of a letter. */
const halves = [tokens[5].subarray(0, 1), tokens[5].subarray(1)]
const all = [...tokens, ...halves]
const vocabulary = {vocabSize: all.length, bytesOf: (id: number) => all[id]}

/** Number of tokens up to the one that completes a text, or null. */
function stopsAfter(texts: readonly string[], ids: readonly number[]): number | null {
  const search = new StopSearch(stopRule(texts, vocabulary)!)
  const at = ids.findIndex((id) => search.push(id))
  return at < 0 ? null : at + 1
}

it.each<[string, string[], number[], number | null]>([
  ['is a token', ['b'], [0, 2, 2], 2],
  ['lies within a token', ['ab'], [0, 4, 0], 2],
  ['spans tokens', ['aab'], [0, 0, 2, 0], 3],
  ['begins within a token and ends within one', ['ya'], [4, 2, 4, 3], 4],
  ['begins again within itself', ['aab'], [0, 0, 0, 2], 4],
  ['is one of several', ['bb', 'ba'], [0, 2, 0, 0], 3],
  ['has letters of two and four bytes', ['é\ud83d\ude00'], [5, 5, 6], 3],
  ['is completed by half a letter', ['aé'], [0, 7, 8], 3],
  ['is longer than the completion', ['aaaa'], [0, 1], null],
  ['has a token in its middle that stands for no bytes', ['ab'], [0, 99, 2], 3],
])('a completion ends with the token that completes the text, which %s', (_, texts, ids, expected) => {
  expect(stopsAfter(texts, ids)).toBe(expected)
})

it('no texts are no rule, and bytes of tokens are shared between threads', () => {
  expect(stopRule([], vocabulary)).toBeNull()
  expect(stopRule(['a'], vocabulary)!.bytes.buffer).toBeInstanceOf(SharedArrayBuffer)
})
