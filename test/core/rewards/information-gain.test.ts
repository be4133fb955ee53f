import {beforeAll, describe, expect, it} from 'vitest'
import type {Context, GradedGroup} from '../../../src/core/records/records.js'
import {informationGainTerm} from '../../../src/core/rewards/information-gain.js'
import type {RewardTerm} from '../../../src/core/rewards/term.js'
import {needsAverage, trainedSpan} from '../../../src/core/rewards/terms.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {termSetup} from '../../support/term-setup.js'

let tokenizer: Tokenizer
let term: RewardTerm<Context>
beforeAll(async () => {
  tokenizer = await loadTokenizer('experiments/tiny')
  term = informationGainTerm(termSetup(tokenizer, {maxPositions: 64}))
})

const encode = (text: string) => tokenizer.encodeMarkup(text)

function groupOf(texts: readonly string[]): GradedGroup<Context> {
  const item = {tokenIds: encode('A B'), targetId: encode(' C')[0]} as unknown as Context
  const completions = texts.map((text) => ({ids: encode(text)}))
  return {item, prompt: {ids: encode('A B<think>')}, completions} as unknown as GradedGroup<Context>
}

const texts = [' a turn</think>\\boxed{ C}', '</think>', ' and so on']

describe('the information gain', () => {
  it('asks for the next token after each finished thought, and once without one, of the average', () => {
    const queries = term.ask!(groupOf(texts))
    expect(
      queries.map(({of, prompt, continuation}) => [of, tokenizer.decode(prompt), tokenizer.decode(continuation)]),
    ).toEqual([
      ['average', 'A B', ' C'],
      ['policy', 'A B<think> a turn</think>', ' C'],
      ['policy', 'A B<think></think>', ' C'],
    ])
  })

  it('asks about the ends of a context and of thoughts that are longer than the model reads', () => {
    const short = informationGainTerm(termSetup(tokenizer, {maxPositions: 12}))
    const {item, ...group} = groupOf(texts)
    const long = {
      ...group,
      item: {...item, tokenIds: encode('A B '.repeat(9))},
      prompt: {ids: encode('A B '.repeat(9))},
    }
    const queries = short.ask!(long as GradedGroup<Context>)
    expect(queries.map(({prompt, continuation}) => prompt.length + continuation.length)).toEqual([12, 12, 12])
    expect(queries.slice(1).every(({prompt}) => tokenizer.decode(prompt).endsWith('</think>'))).toBe(true)
  })

  it('is what the thought adds to the log-probability, and the least of the group for a thought that never ends', () => {
    const scores = term.score(
      groupOf(texts),
      [-2, -0.5, -3].map((logprob) => Float32Array.of(logprob)),
      0,
    )
    expect(scores).toEqual([1.5, -1, -1])
    const good = term.score(
      groupOf(texts),
      [-2, -0.5, -1].map((logprob) => Float32Array.of(logprob)),
      0,
    )
    expect(good).toEqual([1.5, 1, 0])
  })

  it('is explained by both log-probabilities', () => {
    const answers = [-2, -0.5, -3].map((logprob) => Float32Array.of(logprob))
    expect(term.explain!(groupOf(texts), answers)).toEqual([
      "the target's log-probability is -0.50 with the thought and -2.00 without: 1.50 nats",
      "the target's log-probability is -3.00 with the thought and -2.00 without: -1.00 nats",
      'the thought does not end: it earns the least of its group, -1.00 nats',
    ])
  })

  it('trains the thought with its end, and all of a thought that never ends', () => {
    const spans = groupOf(texts).completions.map((completion) => term.trains!(completion))
    expect(spans.map(({from}) => from)).toEqual([0, 0, 0])
    const trained = spans.map(({to}, i) => tokenizer.decode(encode(texts[i]).subarray(0, to)))
    expect(trained).toEqual([' a turn</think>', '</think>', ' and so on'])
  })

  it('beside a term that trains all tokens leaves none out', () => {
    const [{ids}] = groupOf(texts).completions
    const completion = {ids, oldLogprobs: new Float32Array(), stopReason: 'end-of-text'} as const
    expect(trainedSpan([{term: term as never}], completion)).toEqual(term.trains!(completion))
    expect(trainedSpan([{term: term as never}, {term: {score: () => []}}], completion)).toBeUndefined()
    const part = (from: number, to: number) => ({term: {score: () => [], trains: () => ({from, to})}})
    expect(trainedSpan([part(2, 5), part(0, 3)], completion)).toEqual({from: 0, to: 5})
  })

  it('needs the average', () => {
    expect(needsAverage([{name: 'information-gain', weight: 1}])).toBe(true)
  })
})
