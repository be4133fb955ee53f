import {type Component, withReferenceSplits} from './reference-splits.js'
import type {TokenizerJson} from './tokenizer-json.js'

type AddedToken = NonNullable<TokenizerJson['added_tokens']>[number]

/**
 * Whether an added token is markup that corpus text must never produce.
 *
 * The flag alone is not enough: R1-Distill-Qwen and Qwen3 add `<think>` and `</think>` without it. Other added tokens, such
 * as runs of spaces, are text.
 */
export function isMarkup({content, special}: AddedToken): boolean {
  return special === true || /^<.+>$/s.test(content)
}

/** The same tokenizer, to which markup is text like any other. */
export function withoutMarkup(json: TokenizerJson): TokenizerJson {
  return {...json, added_tokens: (json.added_tokens ?? []).filter((token) => !isMarkup(token))}
}

/**
 * The same tokenizer without the space that some put before a text, because prompts and documents are made of pieces whose
 * tokens must spell their own bytes; and with pre-tokenizers in terms in which the library splits as the reference does.
 *
 * @throws {DataError} naming the file, when a pre-tokenizer is not supported
 */
export function withoutDummyPrefix(json: TokenizerJson, file: string): TokenizerJson {
  const {normalizer, pre_tokenizer: splits} = json
  return {
    ...json,
    normalizer: withoutPrepend(normalizer ?? null),
    pre_tokenizer: splits ? withoutPrefixSpace(withReferenceSplits(splits, file)) : null,
    decoder: json.decoder ?? null,
    post_processor: json.post_processor ?? null,
  }
}

function withoutPrepend(normalizer: Component | null): Component | null {
  if (normalizer?.type === 'Prepend') return null
  if (normalizer?.type !== 'Sequence') return normalizer
  return {...normalizer, normalizers: (normalizer.normalizers as Component[]).map(withoutPrepend).filter(Boolean)}
}

function withoutPrefixSpace(component: Component): Component {
  if (component.type === 'Sequence')
    return {...component, pretokenizers: (component.pretokenizers as Component[]).map(withoutPrefixSpace)}
  const addsPrefix = component.type === 'Metaspace' || component.type === 'ByteLevel'
  return addsPrefix ? {...component, add_prefix_space: false, prepend_scheme: 'never'} : component
}
