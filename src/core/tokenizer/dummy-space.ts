import type {TokenizerJson} from './tokenizer-json.js'

/** Which stretches of text between added tokens get a space in front, and with what they must not begin to get it. */
export interface DummySpace {
  readonly stretches: 'none' | 'first' | 'all'
  readonly notBefore: RegExp
}

type Part = Readonly<Record<string, unknown>> | null | undefined

/** The space that a tokenizer puts before text, as its normalizer or pre-tokenizer says. */
export function dummySpaceOf({normalizer, pre_tokenizer}: TokenizerJson): DummySpace {
  if (partsOf(normalizer, 'normalizers').some(({type}) => type === 'Prepend'))
    return {stretches: 'all', notBefore: /(?!)/}
  for (const part of partsOf(pre_tokenizer, 'pretokenizers')) {
    if (part.type === 'Metaspace' && part.add_prefix_space !== false && part.prepend_scheme !== 'never')
      return {stretches: part.prepend_scheme === 'first' ? 'first' : 'all', notBefore: /^[ \u2581]/}
    if (part.type === 'ByteLevel' && part.add_prefix_space === true) return {stretches: 'all', notBefore: /^ /}
  }
  return {stretches: 'none', notBefore: /^/}
}

function partsOf(part: Part, list: string): Readonly<Record<string, unknown>>[] {
  if (!part) return []
  return part.type === 'Sequence' ? (part[list] as Part[]).flatMap((inner) => partsOf(inner, list)) : [part]
}

/**
 * A text with the spaces that a tokenizer would put into it.
 *
 * @param addedTokens matches every added token, in one capturing group
 * @param isStart whether nothing stands before the text
 */
export function withDummySpaces(text: string, space: DummySpace, addedTokens: RegExp, isStart: boolean): string {
  if (space.stretches === 'none') return text
  // Splitting by a captured group puts the added tokens at odd places.
  const stretches = text.split(addedTokens)
  return stretches
    .map((stretch, i) => {
      const isWanted = i === 0 ? isStart : space.stretches === 'all'
      const isText = i % 2 === 0 && stretch !== ''
      return isText && isWanted && !space.notBefore.test(stretch) ? ` ${stretch}` : stretch
    })
    .join('')
}
