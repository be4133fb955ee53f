import {describe, expect, it} from 'vitest'
import {verifierNames} from '../../../../src/core/config/names.js'
import {truthOf} from '../../../../src/core/rewards/verify/truth-of.js'
import {verifiers} from '../../../../src/core/rewards/verify/verifiers.js'
import {Sampler, streamSeed} from '../../../../src/core/util/rng.js'

const pieces =
  '\\frac \\sqrt \\boxed{ \\text{ \\{ \\} { } ( ) [ ] , , . 1 2 000 0 10 e ^ _ + - / = x y % $ \\$ \\circ \\times cm ° é 😀 \ud800 #### \\'
    .split(' ')
    .concat(' ', '\n')

function randomText(sampler: Sampler): string {
  return Array.from({length: sampler.integer(9)}, () => pieces[sampler.integer(pieces.length)]).join('')
}

/** The same with a space put in, a piece added or one character gone: often still equal. */
function vary(text: string, sampler: Sampler): string {
  const at = sampler.integer(text.length + 1)
  const between = [' ', '{,}', '\\,', '', '0', '.'][sampler.integer(6)]
  return text.slice(0, at) + between + text.slice(at + (between === '' ? 1 : 0))
}

describe.each(verifierNames)('%s', (name) => {
  const verify = verifiers[name]

  it('answers every text, says the same of both orders, and is right about itself or not at all', () => {
    const sampler = new Sampler(streamSeed(1, name))
    const seen = {same: 0, right: 0, wrong: 0}
    for (let round = 0; round < 5000; round++) {
      const a = randomText(sampler)
      const b = sampler.integer(2) === 0 ? randomText(sampler) : vary(a, sampler)
      const {correct, explanation} = verify(a, b)
      expect(verify(b, a).correct, `${a} | ${b}`).toBe(correct)
      expect(explanation).toMatch(/\S/)
      // What is right about anything is right about itself.
      if (correct) expect([verify(a, a).correct, verify(b, b).correct], `${a} | ${b}`).toEqual([true, true])
      seen[correct ? 'right' : 'wrong']++
      if (verify(a, a).correct) seen.same++
    }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(20)
  })

  it.each(['72', '1,000', '-1/2', '\\frac{3}{4}', '1.5e3', '$5', '50%'])('is right about %s itself', (text) => {
    expect(verify(text, text).correct).toBe(true)
  })

  it.each([
    '{',
    '}',
    '(',
    '\\boxed{',
    '{1}',
    '\\{',
    '\\text{',
    '^{',
    '1',
    '1,',
    '\\frac',
    ' ',
    '.',
    '$',
    '=',
    '\\',
    '- ',
    '(((1,2),3),4),',
  ])('takes time in proportion to %s repeated', {timeout: 60_000}, (piece) => {
    const text = piece.repeat(Math.floor(200_000 / piece.length))
    expect(verify(text, `${text}1`).explanation).toMatch(/\S/)
    expect(verify(`1${text}`, text).explanation).toMatch(/\S/)
  })
})

describe('the truth of an answer field', () => {
  it.each([
    ['2+40 = <<2+40=42>>42\n#### 42', '42'],
    ['#### 1,234 ', '1,234'],
    ['#### 1\n#### 2\nmore', '2'],
    ['####7', '7'],
    ['so it is \\boxed{3}, or rather $\\boxed{\\frac{1}{2}}$.', '\\frac{1}{2}'],
    ['#### Step 1\nso \\boxed{5}', '5'],
    ['not \\boxed{5}\n#### 6', '6'],
    ['no.#### 6', 'no.#### 6'],
    ['  72\n', '72'],
    ['#### ', null],
    ['', null],
    ['\\boxed{ }', null],
    ['\\boxed{5', null],
    ['\\boxed 5', null],
  ])('%j: %j', (field, truth) => {
    expect(truthOf(field)).toBe(truth)
  })
})
