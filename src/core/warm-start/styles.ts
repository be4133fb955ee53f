import type {ThoughtStyle} from '../config/names.js'
import type {Facts} from './facts.js'

/** A thought that leads to the answer of a position. */
export type Style = (facts: Facts) => string

/** How free the choice of the next token is, by the entropy that it exceeds, nats; the highest first. */
const openness: readonly (readonly [above: number, words: string])[] = [
  [1.5, 'many tokens could follow'],
  [1, 'several tokens could follow'],
  [0.5, 'few tokens could follow'],
  [Number.NEGATIVE_INFINITY, 'hardly another token could follow'],
]

/** What an answer looks like: the first that fits. */
const forms: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^\s+$/, 'white space'],
  [/^\s+\p{L}/u, 'a new word, so the token begins with a space'],
  [/^\p{L}/u, 'letters that no space parts from what stands before'],
  [/^\s*\p{N}/u, 'a number'],
  [/^/, 'a sign'],
]

/**
 * How thoughts may go. Each first says the last words again and goes on from there, which a language model can do; what is
 * said of the answer follows it. Adding a style is one row, and its name in config/names.ts.
 */
export const styles: Readonly<Record<ThoughtStyle, Style>> = {
  brief: ({ending, answer}) => `"${ending}${answer}". So it is "${answer}".`,
  candidates: ({ending, likeliest, answer}) =>
    likeliest === null || likeliest === answer
      ? `"${ending}${answer}" reads well, and nothing fits better than "${answer}".`
      : `"${ending}${answer}" or "${ending}${likeliest}"? The first reads better: "${answer}".`,
  openness: ({ending, entropy, answer}) =>
    `After "${ending}" ${firstOf(openness, (above) => entropy > above)}. I choose "${ending}${answer}", that is "${answer}".`,
  'look-ahead': ({ending, continuation, answer}) =>
    `The text may go on like this: "${ending}${continuation}". So the next token is "${answer}".`,
  form: ({ending, answer}) =>
    `"${ending}${answer}": next comes ${firstOf(forms, (pattern) => pattern.test(answer))}: "${answer}".`,
  recall: ({ending, answer, isRepeated}) =>
    `"${ending}${answer}" goes on well. "${answer}" ${isRepeated ? 'stands in the text before' : 'is new in this text'}.`,
}

/** The words of the first row whose key fits. */
function firstOf<K>(rows: readonly (readonly [key: K, words: string])[], fits: (key: K) => boolean): string {
  return rows.find(([key]) => fits(key))![1]
}
