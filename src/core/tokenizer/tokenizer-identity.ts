import {createHash} from 'node:crypto'
import type {TokenizerJson} from './tokenizer-json.js'

/** What decides how text is cut into tokens and what tokens stand for; how a file writes it does not count. */
const rules = ['normalizer', 'pre_tokenizer', 'decoder', 'post_processor'] as const

/** Fields of components as older files leave them out, with what they mean then. */
const defaults: Readonly<Record<string, unknown>> = {use_regex: true, trim_offsets: true, split: true}

/**
 * sha256, in hexadecimal, of a tokenizer's vocabulary, merges, added tokens and rules.
 *
 * Merges as pairs or as strings, fields at their defaults, the order of keys and added tokens, line ends, padding, truncation
 * and the file's version change nothing of what the tokenizer does, and nothing here.
 */
export function tokenizerFingerprint(json: TokenizerJson): string {
  const {vocab, merges, ...model} = json.model
  const content = {
    vocab: Object.entries(vocab).sort(([, a], [, b]) => a - b),
    merges: merges.map((merge) => (typeof merge === 'string' ? merge.split(' ') : merge)),
    model: plain({...model, type: 'BPE'}),
    added: (json.added_tokens ?? []).map(plain).sort((a, b) => idOf(a) - idOf(b)),
    rules: rules.map((name) => plain(json[name] ?? null)),
  }
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}

function idOf(token: unknown): number {
  return Number((token as {id: number}).id)
}

/** A value with sorted keys, without what means the same when it is left out: null, false and defaults. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(modern(value as Record<string, unknown>))
    .filter(([key, entry]) => entry !== null && entry !== false && entry !== undefined && entry !== defaults[key])
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, entry]) => [key, plain(entry)]))
}

/** Metaspace said `add_prefix_space` before it said `prepend_scheme`. */
function modern({str_rep: _, ...component}: Record<string, unknown>): Record<string, unknown> {
  const {add_prefix_space: prefix, ...rest} = component
  if (component.type !== 'Metaspace' || prefix === undefined) return component
  return {prepend_scheme: prefix ? 'always' : 'never', ...rest}
}
