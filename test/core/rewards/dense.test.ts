import {beforeAll, describe, expect, it} from 'vitest'
import type {Context, GradedGroup, Verdict} from '../../../src/core/records/records.js'
import {conditionalDenseTerm, denseTerm} from '../../../src/core/rewards/dense.js'
import type {RewardTerm} from '../../../src/core/rewards/term.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {termSetup} from '../../support/term-setup.js'

let tokenizer: Tokenizer
let term: RewardTerm<Context>
let tokenIds: Int32Array
beforeAll(async () => {
  tokenizer = await loadTokenizer('experiments/tiny')
  term = denseTerm(termSetup(tokenizer, {maxPositions: 4}))
  tokenIds = tokenizer.encodeText('A B C A B C A B')
})

/** A group whose answers are these texts; null is a completion without one. */
function groupOf(answers: readonly (string | null)[]): GradedGroup<Context> {
  const position = 6
  const truth = tokenizer.bytesOf(tokenIds[position])
  const item = {tokenIds: tokenIds.subarray(0, position), truth, boundaries: Int32Array.of(truth.length)}
  const verdicts = answers.map((answer) => ({answer: answer === null ? null : Buffer.from(answer)}) as Verdict)
  return {item, verdicts} as unknown as GradedGroup<Context>
}

const logs = (...probabilities: number[]) => probabilities.map((p) => Float32Array.of(Math.log(p)))

describe('the dense reward', () => {
  it('asks once for each wrong first token, of as much context as the model holds, and of no right one', () => {
    const queries = term.ask!(groupOf([' A', ' B', ' B C', null, '']))
    expect(queries.map(({of, continuation}) => [of, tokenizer.decode(continuation)])).toEqual([['policy', ' B']])
    expect([...queries[0].prompt]).toEqual([tokenizer.startId, ...tokenIds.subarray(4, 6)])
  })

  it('is 1 for the target, else the probability of the wrong token, and 0 without an answer', () => {
    const scores = term.score(groupOf([' A', ' B', ' A B', ' C', null, '', ' B']), logs(0.25, 0.5), 0)
    expect(scores).toEqual([1, expect.closeTo(0.25, 6), 1, expect.closeTo(0.5, 6), 0, 0, expect.closeTo(0.25, 6)])
  })

  it('is below 1 for any wrong token, so that a right one always earns more', () => {
    const scores = term.score(groupOf([' A', ' B']), logs(0.999), 0)
    expect(scores[0]).toBeGreaterThan(scores[1])
  })
})

describe('the explanation of the dense reward', () => {
  it('says what a wrong token earns, or why none earns anything', () => {
    const group = groupOf([' A', ' B', '', null])
    const named = {...group, verdicts: [...group.verdicts.slice(0, 3), {...group.verdicts[3], explanation: 'no box'}]}
    expect(term.explain!(named, logs(0.1397))).toEqual([
      'the first token of " A", " A", is the target',
      'the first token of " B", " B", is not the target " A"; without a thought the model gives it 14.0%',
      '"" begins with no token; the target is " A"',
      'no box',
    ])
    const conditional = conditionalDenseTerm(termSetup(tokenizer, {maxPositions: 4}))
    expect(conditional.explain!(groupOf([' B']), [])).toEqual([
      'the first token of " B", " B", is not the target " A"; no answer of the group begins with the target, so none earns anything',
    ])
  })
})

describe('the conditional dense reward', () => {
  const conditional = () => conditionalDenseTerm(termSetup(tokenizer, {maxPositions: 4}))

  it('is the dense one where some answer is right', () => {
    const group = groupOf([' A', ' B', null])
    expect(conditional().ask!(group)).toEqual(term.ask!(group))
    expect(conditional().score(group, logs(0.25), 0)).toEqual(term.score(group, logs(0.25), 0))
  })

  it('asks nothing of a group without a right answer, and gives nothing: no signal', () => {
    const group = groupOf([' B', ' C', null, ' B'])
    expect(conditional().ask!(group)).toEqual([])
    expect(conditional().score(group, [], 0)).toEqual([0, 0, 0, 0])
  })
})
