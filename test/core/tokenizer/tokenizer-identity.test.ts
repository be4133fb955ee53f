import {copyFileSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, it} from 'vitest'
import {loadTokenizer} from '../../../src/core/tokenizer/tokenizer.js'

const base = fileURLToPath(new URL('../../../experiments/tiny/base', import.meta.url))
const read = () => JSON.parse(readFileSync(join(base, 'tokenizer.json'), 'utf8'))

async function fingerprintOf(json: unknown, space?: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-identity-'))
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(json, null, space).replaceAll('\n', '\r\n'))
  copyFileSync(join(base, 'tokenizer_config.json'), join(folder, 'tokenizer_config.json'))
  return (await loadTokenizer(folder)).fingerprint
}

const own = await fingerprintOf(read())

it('is a sha256', () => {
  expect(own).toMatch(/^[0-9a-f]{64}$/)
})

it.each<[string, (json: ReturnType<typeof read>) => unknown]>([
  ['merges as strings', (json) => ({...json, model: {...json.model, merges: joined(json)}})],
  ['merges as pairs', (json) => ({...json, model: {...json.model, merges: joined(json).map((m) => m.split(' '))}})],
  ['fields at their defaults', (json) => ({...json, model: {...json.model, dropout: null, ignore_merges: false}})],
  ['keys in another order', (json) => Object.fromEntries(Object.entries(json).reverse())],
  ['added tokens in another order', (json) => ({...json, added_tokens: json.added_tokens.toReversed()})],
  ['padding, truncation and a version', (json) => ({...json, version: '9', padding: {}, truncation: {}})],
])('is the same with %s', async (_, change) => {
  expect(await fingerprintOf(change(read()), 2)).toBe(own)
})

it.each<[string, (json: ReturnType<typeof read>) => unknown]>([
  ['a merge less', (json) => ({...json, model: {...json.model, merges: json.model.merges.slice(1)}})],
  ['two merges swapped', (json) => ({...json, model: {...json.model, merges: swapped(json.model.merges)}})],
  ['two ids swapped', (json) => ({...json, model: {...json.model, vocab: swappedIds(json.model.vocab)}})],
  ['another normalizer', (json) => ({...json, normalizer: {type: 'NFC'}})],
  [
    'a token more',
    (json) => ({...json, added_tokens: [...json.added_tokens, {id: 900, content: '<new>', special: true}]}),
  ],
])('is another with %s', async (_, change) => {
  expect(await fingerprintOf(change(read()))).not.toBe(own)
})

function joined(json: ReturnType<typeof read>): string[] {
  return json.model.merges.map((merge: string | string[]) => [merge].flat().join(' '))
}

function swapped<T>([first, second, ...rest]: readonly T[]): T[] {
  return [second, first, ...rest]
}

function swappedIds(vocab: Record<string, number>): Record<string, number> {
  const [[a, idA], [b, idB], ...rest] = Object.entries(vocab).filter(([token]) => token.length === 1)
  return {...vocab, ...Object.fromEntries(rest), [a]: idB, [b]: idA}
}
