import type {TokenizerJson} from './tokenizer-files.js'

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

/**
 * The same tokenizer without any way to produce markup from text: not as added tokens, not by merges, not by looking up
 * whole words. Characters outside the vocabulary yield nothing instead of the unknown token.
 */
export function withoutMarkup(json: TokenizerJson): TokenizerJson & {added_tokens: AddedToken[]} {
  const {added_tokens: added = [], model} = json
  const names = new Set(added.filter(isMarkup).map(({content}) => content))
  const vocab = Object.fromEntries(Object.entries(model.vocab).filter(([token]) => !names.has(token)))
  const merges = model.merges.filter((merge) => !names.has(productOf(merge)))
  return {
    ...json,
    added_tokens: added.filter((token) => !isMarkup(token)),
    model: {...model, vocab, merges, unk_token: null},
  }
}

function productOf(merge: string | readonly [string, string]): string {
  return typeof merge === 'string' ? merge.replace(' ', '') : merge.join('')
}

/**
 * The same tokenizer without the space that some put before a text: prompts are made of pieces, and a piece's tokens must
 * spell its own bytes.
 */
export function withoutDummyPrefix(json: TokenizerJson): TokenizerJson {
  return {
    ...json,
    normalizer: withoutPrepend(json.normalizer) as TokenizerJson['normalizer'],
    pre_tokenizer: withoutPrefixSpace(json.pre_tokenizer) as TokenizerJson['pre_tokenizer'],
  }
}

type Component = {readonly type: string; readonly [key: string]: unknown} | null | undefined

function withoutPrepend(normalizer: Component): Component {
  if (normalizer?.type === 'Prepend') return null
  if (normalizer?.type !== 'Sequence') return normalizer
  return {...normalizer, normalizers: (normalizer.normalizers as Component[]).map(withoutPrepend).filter(Boolean)}
}

function withoutPrefixSpace(component: Component): Component {
  if (component?.type === 'Sequence')
    return {...component, pretokenizers: (component.pretokenizers as Component[]).map(withoutPrefixSpace)}
  const addsPrefix = component?.type === 'Metaspace' || component?.type === 'ByteLevel'
  return addsPrefix ? {...component, add_prefix_space: false, prepend_scheme: 'never'} : component
}
