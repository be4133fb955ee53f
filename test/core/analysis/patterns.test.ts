import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {
  keywordMatcher,
  type PatternName,
  patternNames,
  patterns,
  patternsIn,
} from '../../../src/core/analysis/patterns.js'

const shown = (text: string): PatternName[] => patternNames.filter((_, i) => patternsIn(text)[i])

describe('patternsIn', () => {
  it.each(patternNames.flatMap((name) => patterns[name].keywords.map((keyword) => [keyword, name] as const)))(
    '%s shows %s alone',
    (keyword, name) => {
      expect(shown(`So ${keyword}, it is 4.`)).toEqual([name])
      expect(shown(keyword.toUpperCase())).toEqual([name])
    },
  )

  it.each([
    ['I am awaiting a waiter.', []],
    ['He concluded; the probability is neither.', []],
    ['break  down\nit', ['breakdown']],
    ['breakdown, breaking down', []],
    ['etc, or etcetera', []],
    ['Pens (red, blue, etc.)', ['divergent thinking']],
    ['wait_time and 2wait and waité', []],
    ['waite\u0301 and wait\u0301', []],
    ['«Wait»—no', ['reflection']],
    [
      'Wait. Alternatively, something like 4. Finally: either.',
      ['transition', 'reflection', 'hypothesis', 'divergent thinking', 'deduction'],
    ],
    ['', []],
  ] as const)('%j shows %j', (text, expected) => {
    expect(shown(text)).toEqual(expected)
  })

  it('reads a response of a million characters in a moment', () => {
    expect(shown(`${'wai break  '.repeat(100_000)}conclude`)).toEqual(['deduction'])
  })
})

it('a keyword is taken as it is written', () => {
  const matcher = keywordMatcher(['a.b', '(x)'])
  expect(['a.b', 'acb', '(x)', 'x'].map((text) => matcher.test(text))).toEqual([true, false, true, false])
})

it('the documentation lists the patterns', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'explanation', 'statistics.md'), 'utf8')
  for (const name of patternNames) expect(page).toContain(`| ${name} | ${patterns[name].keywords.join('; ')} |`)
})
