import {describe, expect, it} from 'vitest'
import {parseCompletion} from '../../../src/core/rewards/parse.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const pieces = ['</think>', '<think>', '\\boxed{', '{', '}', '\\', 'boxed', ' size', 'é', '\n'].map((text) =>
  Buffer.from(text),
)

function randomCompletion(sampler: Sampler): Buffer {
  const parts = Array.from({length: sampler.integer(14)}, () =>
    sampler.integer(8) === 0 ? Buffer.of(sampler.integer(256)) : pieces[sampler.integer(pieces.length)],
  )
  return Buffer.concat(parts)
}

/** The rule once more, slowly: of all balanced boxes after the first closing tag, the one that ends last. */
function slowly(completion: Buffer): string | null {
  const text = completion.toString('latin1')
  const answer = text.slice(text.indexOf('</think>') + '</think>'.length)
  let best: {end: number; content: string} | null = null
  for (const {index} of answer.matchAll(/\\boxed\{/g)) {
    const from = index + '\\boxed{'.length
    for (let end = from; end < answer.length; end++) {
      const content = answer.slice(from, end)
      if (answer[end] === '}' && isBalanced(content)) {
        if (best === null || end > best.end) best = {end, content}
        break
      }
    }
  }
  return best?.content ?? null
}

function isBalanced(text: string): boolean {
  let depth = 0
  for (const character of text) {
    if (character === '{') depth++
    if (character === '}' && --depth < 0) return false
  }
  return depth === 0
}

describe('parsing', () => {
  it('never fails and follows the rule on random bytes', () => {
    const sampler = new Sampler(streamSeed(1, 'parse'))
    const seen = new Map<string, number>()
    for (let round = 0; round < 6000; round++) {
      const completion = randomCompletion(sampler)
      const {outcome, prediction} = parseCompletion(completion, 'end-of-text')
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
      const expected = completion.includes('</think>') ? slowly(completion) : null
      expect(prediction && Buffer.from(prediction).toString('latin1')).toBe(expected)
      expect(outcome === 'unfinished-thinking').toBe(!completion.includes('</think>'))
      expect(parseCompletion(completion, 'length')).toEqual({outcome: 'truncated', prediction: null})
    }
    expect([...seen.values()].every((count) => count > 100)).toBe(true)
    expect(seen.size).toBe(3)
  })

  it('gives back whatever balanced text was boxed', () => {
    const sampler = new Sampler(streamSeed(2, 'parse'))
    let checked = 0
    while (checked < 3000) {
      const boxed = randomCompletion(sampler)
      if (!isBalanced(boxed.toString('latin1'))) continue
      checked++
      const rendered = Buffer.concat([Buffer.from('</think>\n\\boxed{'), boxed, Buffer.from('}')])
      const {prediction} = parseCompletion(rendered, 'end-of-text')
      expect(Buffer.from(prediction!).toString('hex')).toBe(boxed.toString('hex'))
    }
  })

  it('takes a view of a larger buffer as it is', () => {
    const whole = Buffer.from('\\boxed{no}</think>\\boxed{yes}\\boxed{no}')
    const {prediction} = parseCompletion(new Uint8Array(whole.buffer, whole.byteOffset + 10, 20), 'end-of-text')
    expect(Buffer.from(prediction!).toString()).toBe('yes')
  })

  // Time that grows with the square of the length would be minutes.
  it('takes time in proportion to the length', {timeout: 30_000}, () => {
    const {outcome} = parseCompletion(Buffer.from(`</think>${'\\boxed{'.repeat(1_000_000)}`), 'end-of-text')
    expect(outcome).toBe('no-box')
  })
})
