import {DataError} from '../util/errors.js'
import type {TokenizerJson} from './tokenizer-json.js'

/** A part of a tokenizer: what it does, and how. */
export type Component = NonNullable<TokenizerJson['pre_tokenizer']>

/** How byte-level tokenizers without a pattern of their own split text: GPT-2's way. */
const byteLevelPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

const isolated = (pattern: string): Component => ({
  type: 'Split',
  pattern: {Regex: pattern},
  behavior: 'Isolated',
  invert: false,
})
const sequence = (...pretokenizers: readonly Component[]): Component => ({type: 'Sequence', pretokenizers})

/**
 * Every pre-tokenizer that is supported, in terms in which the library splits as the reference does.
 *
 * In its own terms it takes U+FEFF for white space and U+0085 for none (ByteLevel), only 0 to 9 for digits (Digits), joins
 * words that Metaspace divides, and knows of the behaviours of Split only two.
 */
const rewrites: Readonly<Record<string, (component: Component, file: string) => Component>> = {
  Sequence: (component, file) =>
    sequence(...(component.pretokenizers as Component[]).map((inner) => withReferenceSplits(inner, file))),
  ByteLevel: (component) =>
    component.use_regex === false ? component : sequence(isolated(byteLevelPattern), {...component, use_regex: false}),
  Metaspace: (component) => (component.split === false ? component : sequence(component, isolated('\u2581[^\u2581]*'))),
  Digits: (component) => isolated(component.individual_digits ? '\\p{N}' : '\\p{N}+'),
  Split: (component, file) => {
    const behavior = String(component.behavior)
    if (behavior.toLowerCase() === 'isolated') return {...component, invert: false}
    if (behavior.toLowerCase() === 'removed' && component.invert) return component
    throw new DataError(`${file}: pre_tokenizer Split has behavior ${behavior}; supported: Isolated`)
  },
}

/**
 * The same pre-tokenizer in other terms: see `rewrites`.
 *
 * @throws {DataError} naming the file, when it is of a kind that nobody vouches for
 */
export function withReferenceSplits(component: Component, file: string): Component {
  if (Object.hasOwn(rewrites, component.type)) return rewrites[component.type](component, file)
  throw new DataError(`${file}: pre_tokenizer is ${component.type}; supported: ${Object.keys(rewrites).join(', ')}`)
}
