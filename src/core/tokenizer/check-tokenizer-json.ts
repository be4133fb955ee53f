import {DataError} from '../util/errors.js'
import {hasHalfPair} from '../util/text-bytes.js'
import type {TokenizerJson} from './tokenizer-json.js'

/** Ids are places in tables: one far beyond any vocabulary would only fill memory. */
const maxId = 2 ** 24 - 1

/**
 * Checks what a schema cannot: that ids are unique and of a sane size, that merges make tokens of tokens, and that nothing
 * asks for what encoding would not honour.
 *
 * @throws {DataError} naming the file, the token or merge, and what was expected
 */
export function checkTokenizerJson(json: TokenizerJson, file: string): void {
  const problem = problemOfModel(json) ?? problemOfIds(json) ?? problemOfMerges(json)
  if (problem) throw new DataError(`${file}: ${problem}`)
}

function problemOfModel({model, added_tokens = []}: TokenizerJson): string | null {
  for (const name of ['continuing_subword_prefix', 'end_of_word_suffix'] as const)
    if (model[name]) return `model.${name} is ${quote(model[name])}; expected none, as byte-level BPE has it`
  if (model.dropout) return `model.dropout is ${model.dropout}; expected none, so that a text has one tokenization`
  const single = added_tokens.find((token) => token.single_word)
  return single ? `added token ${quote(single.content)} is single_word, which is not supported` : null
}

function problemOfIds({model: {vocab}, added_tokens = []}: TokenizerJson): string | null {
  const owners = new Map<number, string>()
  const entries = [...Object.entries(vocab), ...added_tokens.map(({content, id}): [string, number] => [content, id])]
  for (const [token, id] of entries) {
    const owner = owners.get(id)
    if (hasHalfPair(token)) return `token ${quote(token)} has half a surrogate pair, which no UTF-8 can hold`
    if (id > maxId) return `token ${quote(token)} has id ${id}; expected at most ${maxId}`
    if (owner !== undefined && owner !== token) return `tokens ${quote(owner)} and ${quote(token)} both have id ${id}`
    owners.set(id, token)
  }
  const moved = added_tokens.find(({content, id}) => Object.hasOwn(vocab, content) && vocab[content] !== id)
  return moved
    ? `added token ${quote(moved.content)} has id ${moved.id}, but ${vocab[moved.content]} in model.vocab`
    : null
}

function problemOfMerges({model: {vocab, merges}}: TokenizerJson): string | null {
  for (const [i, merge] of merges.entries()) {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge
    const where = `model.merges.${i} is ${quote(typeof merge === 'string' ? merge : merge.join(' '))}`
    if (pair.length !== 2 || pair.includes('')) return `${where}; expected two tokens`
    const missing = [...pair, pair.join('')].find((token) => !Object.hasOwn(vocab, token))
    if (missing !== undefined) return `${where}; ${quote(missing)} is not in model.vocab`
  }
  return null
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text)
}
