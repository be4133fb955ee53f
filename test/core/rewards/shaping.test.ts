import {beforeAll, describe, expect, it} from 'vitest'
import type {GradedGroup, StopReason} from '../../../src/core/records/records.js'
import {budgetAt, lengthBudgetTerm} from '../../../src/core/rewards/length-budget.js'
import {missingAnswerTerm} from '../../../src/core/rewards/missing-answer.js'
import {overlongTerm} from '../../../src/core/rewards/overlong.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {termSetup} from '../../support/term-setup.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer('experiments/tiny')
})

const defaults = {first: 800, least: 1, decay: 0.2}

/** Completions of so many tokens. */
function ofLengths(lengths: readonly (readonly [number, StopReason])[]): GradedGroup<unknown> {
  const completions = lengths.map(([length, stopReason]) => ({ids: new Int32Array(length), stopReason}))
  return {completions} as unknown as GradedGroup<unknown>
}

/** Completions whose thoughts have so many tokens, the end of the thought included; null for one without an end. */
function thoughts(lengths: readonly (number | null)[]): GradedGroup<unknown> {
  const end = tokenizer.encodeMarkup('</think>')
  const filler = tokenizer.encodeText(' A')
  const completions = lengths.map((length) => {
    const count = length === null ? 5 : length - end.length
    const before = Array.from({length: count}, () => [...filler]).flat()
    return {ids: Int32Array.from(length === null ? before : [...before, ...end, ...filler]), stopReason: 'end-of-text'}
  })
  return {completions} as unknown as GradedGroup<unknown>
}

describe('missing-answer', () => {
  it('takes one from a completion without an answer, right or wrong ones alike keep all', () => {
    const verdicts = [
      {answer: Buffer.from('x'), correct: false},
      {answer: null},
      {answer: Buffer.alloc(0), correct: true},
    ]
    expect(missingAnswerTerm.score({verdicts} as never, [], 0)).toEqual([0, -1, 0])
  })
})

describe('overlong', () => {
  const score = (lengths: readonly (readonly [number, StopReason])[], overlongTokens = 40) =>
    overlongTerm(termSetup(tokenizer, {maxTokens: 100, settings: {overlongTokens, lengthBudget: defaults}}))
      .score(ofLengths(lengths), [], 0)
      .map((value) => value + 0)

  it('is 0 up to the last tokens, then falls in a line to -1 at the limit', () => {
    expect(
      score([
        [1, 'end-of-text'],
        [60, 'end-of-text'],
        [70, 'end-of-text'],
        [80, 'end-of-text'],
        [100, 'end-of-text'],
      ]),
    ).toEqual([0, 0, -0.25, -0.5, -1])
  })

  it('is -1 for one that was cut, whatever its length', () => {
    expect(
      score([
        [100, 'length'],
        [3, 'length'],
      ]),
    ).toEqual([-1, -1])
  })

  it('falls from the first token on where the limit is shorter than the last tokens', () => {
    expect(score([[50, 'end-of-text']], 1000)).toEqual([-0.5])
  })
})

describe('length-budget', () => {
  it('decays from the first budget to its share, and never below the least', () => {
    expect([0, 0.5, 1].map((progress) => budgetAt(progress, defaults))).toEqual([800, 357, 160])
    expect(budgetAt(1, {first: 10, least: 7, decay: 0.2})).toBe(7)
    const along = Array.from({length: 21}, (_, i) => budgetAt(i / 20, defaults))
    expect(along).toEqual(along.toSorted((a, b) => b - a))
  })

  it('is a triangle: most at the budget, nothing at twice of it or without an end', () => {
    const settings = {overlongTokens: 1, lengthBudget: {first: 20, least: 1, decay: 0.5}}
    const term = lengthBudgetTerm(termSetup(tokenizer, {settings}))
    expect(term.score(thoughts([20, 10, 30, 40, 60, null]), [], 0)).toEqual([1, 0.5, 0.5, 0, 0, 0])
    expect(term.score(thoughts([20, 10]), [], 1)).toEqual([0, 1])
  })
})
