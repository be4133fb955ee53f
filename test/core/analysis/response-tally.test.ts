import {describe, expect, it} from 'vitest'
import {type Response, ResponseTally} from '../../../src/core/analysis/response-tally.js'
import {openingOf, thoughtOf, wordCount} from '../../../src/core/analysis/thought-text.js'

const tallyOf = (responses: readonly Response[]) => {
  const tally = new ResponseTally()
  for (const response of responses) tally.add(response)
  return tally
}

/** Three documents; 'probably' in 3 of 6 responses. */
const responses = [
  {cluster: 'a:0', text: '<think>It is probably 4.</think>\n\\boxed{ 4}'},
  {cluster: 'a:0', text: 'It is probably 4.</think>\\boxed{ 5}'},
  {cluster: 'a:1', text: ' Wait, no.</think> \\boxed{ probably}'},
  {cluster: 'a:1', text: '</think>\\boxed{ 4}'},
  {cluster: 'a:2', text: 'It is not 4 and goes on'},
  {cluster: 'a:2', text: 'Seven'},
]

describe('thoughts', () => {
  it('are what comes before the first end tag, without an opening tag and outer white space', () => {
    expect(responses.map(({text}) => thoughtOf(text))).toEqual([
      'It is probably 4.',
      'It is probably 4.',
      'Wait, no.',
      '',
      'It is not 4 and goes on',
      'Seven',
    ])
    expect(thoughtOf('a</think>b</think>c')).toBe('a')
    expect(thoughtOf(' \n<think>\n a <think> b')).toBe('a <think> b')
    expect(thoughtOf('a <think> b')).toBe('a <think> b')
  })

  it('have words and an opening', () => {
    expect([' a\n b\tc ', '', ' \n', 'é—x 日本'].map(wordCount)).toEqual([3, 0, 0, 2])
    expect([' a\n b\tc d e', 'a b', ''].map((text) => openingOf(text, 4))).toEqual(['a b c d', 'a b', ''])
  })
})

describe('ResponseTally', () => {
  it('counts patterns in the whole response, document by document', () => {
    const tally = tallyOf(responses)
    expect(tally.scoresOf('hypothesis')).toEqual([
      {docId: 'a:0', count: 2, correct: 2},
      {docId: 'a:1', count: 2, correct: 1},
      {docId: 'a:2', count: 2, correct: 0},
    ])
    const share = tally.shareOf('hypothesis', {seed: 3})
    expect(share).toMatchObject({count: 6, correct: 3, accuracy: 0.5})
    expect([share.ciLow, share.ciHigh]).toEqual([0, 1])
    expect(tally.shareOf('reflection').accuracy).toBeCloseTo(1 / 6, 12)
    expect(tally.shareOf('transition')).toMatchObject({accuracy: 0, ciLow: 0, ciHigh: 0})
  })

  it('draws whole documents: the interval is as wide as if each document were one response', () => {
    const repeated = (times: number) =>
      tallyOf(
        Array.from({length: 40 * times}, (_, i) => ({
          cluster: `a:${i % 40}`,
          text: i % 40 < 10 ? 'either' : 'neither',
        })),
      ).shareOf('divergent thinking')
    const [once, often] = [repeated(1), repeated(9)]
    expect(often.accuracy).toBe(0.25)
    expect([often.ciLow, often.ciHigh]).toEqual([once.ciLow, once.ciHigh])
    // Binomial with n = 40: deviation 0.0685.
    expect(once.ciHigh - once.ciLow).toBeGreaterThan(3.2 * 0.0685)
    expect(once.ciHigh - once.ciLow).toBeLessThan(4.6 * 0.0685)
  })

  it('knows lengths and repetitions', () => {
    expect(tallyOf(responses).facts()).toEqual({
      responses: 6,
      words: (4 + 4 + 2 + 0 + 7 + 1) / 6,
      empty: 1 / 6,
      commonest: {text: 'It is probably 4.', share: 2 / 6},
      opening: {text: 'It is probably 4.', share: 2 / 6},
    })
    const long = 'the same long thought that is longer than a key may be'
    const texts = [long, `${long} 1`, `${long} 2`, long]
    expect(tallyOf(texts.map((text) => ({cluster: 'a:0', text}))).facts()).toMatchObject({
      commonest: {text: long, share: 0.5},
      opening: {text: 'the same long thought', share: 1},
    })
    const tied = ['b', 'a', 'a', 'b'].map((text) => ({cluster: 'a:0', text}))
    expect(tallyOf(tied).facts()!.commonest, 'the first that came twice').toEqual({text: 'a', share: 0.5})
    expect(new ResponseTally().facts()).toBeNull()
  })

  it('does not depend on the order of the responses, ties aside', () => {
    const [there, back] = [tallyOf(responses), tallyOf(responses.toReversed())]
    expect(back.shareOf('hypothesis')).toEqual(there.shareOf('hypothesis'))
    expect(back.facts()).toEqual(there.facts())
  })
})
