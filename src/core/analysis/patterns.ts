/** A way to reason, known by words. */
export interface Pattern {
  readonly meaning: string
  /** In lower case; a response that holds any of them shows the pattern. */
  readonly keywords: readonly string[]
}

/** Patterns of reasoning with the keywords of the paper (RPT, section 4.5 and Table 9). */
export const patterns = {
  transition: {meaning: 'switches strategy', keywords: ['alternatively', 'think differently']},
  reflection: {
    meaning: 'checks itself',
    keywords: ['wait', 'initial answer', 'original answer', 'looking back', 'thought process'],
  },
  breakdown: {meaning: 'decomposes', keywords: ['break down', 'break this down']},
  hypothesis: {meaning: 'proposes', keywords: ['probably', 'something like']},
  'divergent thinking': {
    meaning: 'explores options',
    keywords: ['etc.', 'or something', 'either', 'sometimes it refers', 'otherwise', 'exploring', 'options'],
  },
  deduction: {
    meaning: 'infers',
    keywords: ['summarize', 'conclusion', 'conclude', 'finally', 'logically', 'consequently'],
  },
} as const satisfies Readonly<Record<string, Pattern>>

/** A key of `patterns`. */
export type PatternName = keyof typeof patterns

/** Every pattern, in the order of the paper. */
export const patternNames = Object.keys(patterns) as PatternName[]

/** One character of a word. */
const wordCharacter = String.raw`[\p{L}\p{M}\p{N}_]`

/**
 * A pattern that finds any of the keywords as whole words. Case does not matter, a space in a keyword matches any white
 * space, and no letter, digit or underscore may touch it. Other forms of a word ('concluded') do not count.
 *
 * The paper names the keywords and no matching rule.
 */
export function keywordMatcher(keywords: readonly string[]): RegExp {
  const alternatives = keywords.map((keyword) =>
    keyword.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replace(/\s+/g, String.raw`\s+`),
  )
  return new RegExp(`(?<!${wordCharacter})(?:${alternatives.join('|')})(?!${wordCharacter})`, 'iu')
}

const matchers = patternNames.map((name) => keywordMatcher(patterns[name].keywords))

/** Whether a response contains a keyword of each pattern, in the order of `patternNames`. */
export function patternsIn(response: string): boolean[] {
  return matchers.map((matcher) => matcher.test(response))
}
