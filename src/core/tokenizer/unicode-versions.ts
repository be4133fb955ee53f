import type {Tokenizer as HuggingFaceTokenizer} from '@huggingface/tokenizers'

/**
 * Characters that Unicode 17 added: no letters, digits or marks to the reference library (tokenizers 0.23, Unicode 16),
 * but to newer versions of Node.js.
 */
const newer = anyOf(`
  88f c5c cdc 1acf-1add 1ae0-1aeb 20c1 2b96 a7ce a7cf a7d2 a7d4 a7f1 fbc3-fbd2 fd90 fd91 fdc8-fdce 10940-10959
  10ec5-10ec7 10ed0-10ed8 10efa 10efb 11b60-11b67 11db0-11ddb 11de0-11de9 16ea0-16eb8 16ebb-16ed3 16ff2-16ff6
  187f8-187ff 18d09-18d1e 18d80-18df2 1ccfa-1ccfc 1ceba-1ced0 1cee0-1cef0 1e6c0-1e6de 1e6e0-1e6f5 1e6fe 1e6ff
  1f6d8 1f777-1f77a 1f8d0-1f8d8 1fa54-1fa57 1fa8a 1fa8e 1fac8 1facd 1faea 1faef 1fbfa 2b73a-2b73f 2cea2-2cead
  323b0-33479 10fffe
`)

/**
 * Characters that normal forms treat in another way since Unicode 9, whose tables the reference has: parts and wholes of 21
 * compositions, then marks that now have a place in the order of marks, then characters that are now short for others.
 */
const newlyNormalized = anyOf(`
  105c9 105d2 105da 105e4 11382-11385 1138b 1138e 11390 11391 113b8 113bb 113c2 113c5 113c7-113c9 11930 11935
  11938 1611e-16129 16d63 16d67-16d6a 10fffe
  7fd 897-89f 8ca-8d3 9fe c3c d3b d3c eba 1715 1abf-1add 1ae0-1aeb 1df6-1dfa a82c 10d24-10d27 10d69-10d6d 10eab 10eac
  10efa 10efb 10efd-10eff 10f46-10f50 10f82-10f85 11070 1133b 113ce-113d0 1145e 11839 1183a 1193d 1193e 11943 119e0
  11a34 11a47 11a99 11d42 11d44 11d45 11d97 11f41 11f42 1612f 16ff0 16ff1 1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef
  1e4ec-1e4ef 1e5ee 1e5ef 1e6e3 1e6e6 1e6ee 1e6ef 1e6f5
  32ff a7f1-a7f4 ab69 10781-10785 10787-107b0 107b2-107ba 1ccd6-1ccf9 1e030-1e06d 1f16c 1fbf0-1fbf9
`)

/** A code point that no version of Unicode will ever assign. */
const unassigned = '\u{10fffe}'

/** Matches every character of a list of code points and ranges in hexadecimal. */
function anyOf(ranges: string): RegExp {
  return new RegExp(`[${ranges.replaceAll(/[0-9a-f]+/g, '\\u{$&}').replaceAll(/\s+/g, '')}]`, 'gu')
}

interface Stage {
  readonly tokenizers?: readonly (Stage | null)[]
  readonly normalizers?: readonly (Stage | null)[]
  readonly config?: {readonly type?: string; readonly pattern?: {readonly Regex?: string}}
  readonly form?: string
  pre_tokenize_text?: (text: string) => string[]
  normalize?: (text: string) => string
}

/**
 * Makes a tokenizer see the characters that the reference library sees, whatever version of Unicode Node.js has: what is
 * newer counts as unassigned where text is split by properties, and is left as it is by normal forms.
 */
export function useReferenceUnicode({normalizer, pre_tokenizer}: HuggingFaceTokenizer): void {
  for (const stage of stagesOf(pre_tokenizer as Stage | null)) {
    const split = stage.pre_tokenize_text?.bind(stage)
    // A range of code points has the same characters in every version.
    const usesProperties = /\\p/i.test(stage.config?.pattern?.Regex ?? '')
    if (split && usesProperties) stage.pre_tokenize_text = (text) => withoutSome(text, newer, split)
  }
  for (const stage of stagesOf(normalizer as Stage | null)) {
    const {form} = stage
    if (form) stage.normalize = (text) => normalizeAsReference(text, form)
  }
}

/** A text in a Unicode normal form, e.g. NFC, as the reference library brings it there. */
export function normalizeAsReference(text: string, form: string): string {
  return withoutSome(text, newlyNormalized, (rest) => [rest.normalize(form)])[0]
}

function stagesOf(stage: Stage | null): Stage[] {
  if (stage === null) return []
  const inner = stage.tokenizers ?? stage.normalizers
  return inner ? inner.flatMap(stagesOf) : [stage]
}

/** Transforms text in which some characters are unassigned ones, and puts them back. */
function withoutSome(text: string, some: RegExp, transform: (text: string) => string[]): string[] {
  const kept = text.match(some)
  if (!kept) return transform(text)
  let next = 0
  return transform(text.replace(some, unassigned)).map((piece) => piece.replaceAll(unassigned, () => kept[next++]))
}
