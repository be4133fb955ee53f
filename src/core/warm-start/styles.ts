import type {ThoughtStyle} from '../config/names.js'
import type {Facts} from './facts.js'

/** A thought that leads to the answer of a position. */
export type Style = (facts: Facts) => string

/** How free the choice of the next token is, by the entropy that it exceeds, nats; the highest first. */
const openness: readonly (readonly [above: number, words: string])[] = [
  [1.5, 'Many different tokens could follow here.'],
  [1, 'Several tokens could follow here.'],
  [0.5, 'Only a few tokens could follow here.'],
  [Number.NEGATIVE_INFINITY, 'Hardly anything else could follow here.'],
]

/** What an answer looks like: the first that fits. */
const forms: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^\s+$/, 'White space comes next'],
  [/^\s+\p{L}/u, 'A new word comes next, so the token begins with a space'],
  [/^\p{L}/u, 'The word goes on, or nothing parts it from the text before, so the token begins without a space'],
  [/^\s*\p{N}/u, 'A number comes next'],
  [/^/, 'A sign comes next'],
]

/** How thoughts may go. Adding a style is one row, and its name in config/names.ts. */
export const styles: Readonly<Record<ThoughtStyle, Style>> = {
  brief: ({ending, answer}) => `After "${ending}" comes "${answer}".`,
  candidates: ({likeliest, answer}) =>
    likeliest === null || likeliest === answer
      ? `The likeliest token is "${answer}", and nothing speaks against it.`
      : `It could be "${likeliest}" or "${answer}". Here "${answer}" fits better.`,
  openness: ({entropy, answer}) => `${firstOf(openness, (above) => entropy > above)} I choose "${answer}".`,
  'look-ahead': ({ending, continuation, answer}) =>
    `The text could go on like this: "${ending}${continuation}". So the next token is "${answer}".`,
  form: ({answer}) => `${firstOf(forms, (pattern) => pattern.test(answer))}: "${answer}".`,
  recall: ({ending, answer, isRepeated}) =>
    isRepeated
      ? `"${answer}" stands in the text before, and it fits again after "${ending}".`
      : `"${answer}" is new in this text, but it fits after "${ending}".`,
}

/** The words of the first row whose key fits. */
function firstOf<K>(rows: readonly (readonly [key: K, words: string])[], fits: (key: K) => boolean): string {
  return rows.find(([key]) => fits(key))![1]
}
