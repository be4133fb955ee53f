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
 * How thoughts may go. All but `draft` say the last words of the context again, in quotes of their own: where the context ends,
 * a model learns to close them, and what it then says goes on from there. A draft goes on with the text itself, where the
 * prompt ends in it. Adding a style is one row, and its name in config/names.ts.
 */
export const styles: Readonly<Record<ThoughtStyle, Style>> = {
  brief: ({ending, answer}) => `After "${ending}" comes "${answer}".`,
  candidates: ({ending, likeliest, answer}) =>
    likeliest === null || likeliest === answer
      ? `After "${ending}" nothing fits better than "${answer}".`
      : `After "${ending}" may come "${answer}" or "${likeliest}". I take "${answer}".`,
  openness: ({ending, entropy, answer}) =>
    `After "${ending}" ${firstOf(openness, (above) => entropy > above)}. I take "${answer}".`,
  'look-ahead': ({ending, continuation, answer}) =>
    `After "${ending}" the text may go on with "${continuation}". So the next token is "${answer}".`,
  draft: ({continuation}) => `${continuation} ...`,
  form: ({ending, answer}) =>
    `After "${ending}" comes "${answer}": ${firstOf(forms, (pattern) => pattern.test(answer))}.`,
  recall: ({ending, answer, isRepeated}) =>
    `After "${ending}" comes "${answer}", which ${isRepeated ? 'stands in the text before' : 'is new in this text'}.`,
}

/** The words of the first row whose key fits. */
function firstOf<K>(rows: readonly (readonly [key: K, words: string])[], fits: (key: K) => boolean): string {
  return rows.find(([key]) => fits(key))![1]
}
