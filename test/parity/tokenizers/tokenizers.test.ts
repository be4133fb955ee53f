import {createHash} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {gunzipSync} from 'node:zlib'
import {beforeAll, describe, expect, it} from 'vitest'
import {renderJinja} from '../../../src/core/tokenizer/render-jinja.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {normalizeAsReference} from '../../../src/core/tokenizer/unicode-versions.js'
import {writeTokenizer} from '../../core/tokenizer/sample-tokenizers.js'

/** What `scripts/parity/make_tokenizer_dumps.py` wrote with tokenizers 0.23.3 and transformers 5.23.0. */
function dump<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, `${name}.json.gz`))).toString())
}

/** Ids of the reference per line; null where they are those of the list before. */
interface Ids {
  readonly text: readonly (readonly number[])[]
  readonly markup: readonly (readonly number[] | null)[]
  readonly prompt: readonly (readonly number[] | null)[]
}

interface ChatCase {
  readonly style: string
  readonly variables: Record<string, unknown>
  /** Null where the reference refuses the messages. */
  readonly expected: string | null
}

const lines = dump<string[]>('lines')
const hasUnicodeForm = new Set(['qwen2'])
/** Their tokens write U+2581 for a space: a text with that character cannot be spelled. */
const writesSpaces = new Set(['llama2', 'mistral', 'divided'])

it('lines are many and of many kinds', () => {
  expect(lines.length).toBeGreaterThanOrEqual(5000)
  const kinds = [
    /\p{Script=Greek}/u,
    /\p{Script=Cyrillic}/u,
    /\p{Script=Arabic}/u,
    /\p{Script=Hebrew}/u,
    /\p{Script=Devanagari}/u,
    /\p{Script=Thai}/u,
    /\p{Script=Han}/u,
    /\p{Script=Hiragana}/u,
    /\p{Script=Hangul}/u,
    /\\frac/,
    /\u200d/,
    /\u00a0/,
    /\r\n/,
    /\u2028/,
    /\ufeff/,
    /<\|endoftext\|>/,
    /<think>/,
  ]
  for (const kind of kinds) expect(lines.filter((line) => kind.test(line)).length, String(kind)).toBeGreaterThan(20)
  expect(lines.filter((line) => line.normalize('NFC') !== line).length).toBeGreaterThan(200)
})

describe.each(['qwen2', 'llama3', 'smollm2', 'llama2', 'mistral', 'divided'])('a tokenizer as %s has it', (name) => {
  let tokenizer: Tokenizer
  let reference: Ids
  let text: readonly Int32Array[]
  let markup: readonly Int32Array[]
  beforeAll(async () => {
    tokenizer = await loadTokenizer(writeTokenizer(dump(`${name}.tokenizer`)))
    reference = dump(`${name}.ids`)
    text = lines.map((line) => tokenizer.encodeText(line))
    markup = lines.map((line) => tokenizer.encodeMarkup(line))
  })

  const linesWhere = (isChosen: (line: string, i: number) => boolean) =>
    lines.filter(isChosen).map((line) => JSON.stringify(line))

  it('has the reference ids of corpus text', () => {
    expect(linesWhere((_, i) => text[i].join() !== reference.text[i].join())).toEqual([])
  })

  it('has the reference ids of markup', () => {
    const expected = (i: number) => reference.markup[i] ?? reference.text[i]
    expect(linesWhere((_, i) => markup[i].join() !== expected(i).join())).toEqual([])
  })

  it('has the reference ids of a prompt, spaces in front included', () => {
    const expected = (i: number) => reference.prompt[i] ?? reference.markup[i] ?? reference.text[i]
    expect(linesWhere((line, i) => tokenizer.encodePrompt(line, true).join() !== expected(i).join())).toEqual([])
  })

  it('makes no special token of corpus text', () => {
    const isSpecial = (id: number) => tokenizer.specialIds.has(id)
    expect(linesWhere((_, i) => text[i].some(isSpecial))).toEqual([])
    expect(markup.some((ids) => ids.some(isSpecial))).toBe(true)
  })

  it('has tokens whose bytes together are the bytes of the line', () => {
    const form = (line: string) => (hasUnicodeForm.has(name) ? normalizeAsReference(line, 'NFC') : line)
    const isSpelled = (line: string, i: number) =>
      Buffer.from(form(line)).equals(tokenizer.concatBytes(text[i])) ||
      (writesSpaces.has(name) && line.includes('\u2581'))
    expect(linesWhere((line, i) => !isSpelled(line, i))).toEqual([])
  })
})

describe('normal forms', () => {
  /** Every code point between two marks, the second of which belongs before the first. */
  const everyCharacter = Array.from({length: 0x10ffff}, (_, i) => i + 1)
    .filter((point) => point < 0xd800 || point >= 0xe000)
    .map((point) => `x\u0345${String.fromCodePoint(point)}\u0334`)
    .join('')
  // The list of what is newer than the reference goes up to Unicode 17.
  const isListed = Number(process.versions.unicode) <= 17

  it.runIf(isListed).each(Object.entries(dump<Record<string, string>>('normal-forms')))(
    '%s treats every character as the reference does',
    (form, expected) => {
      const digest = createHash('sha256').update(normalizeAsReference(everyCharacter, form))
      expect(digest.digest('hex')).toBe(expected)
    },
  )
})

describe('chat templates', () => {
  const {templates, cases} = dump<{templates: Record<string, string>; cases: ChatCase[]}>('chat-templates')

  it.each(Object.keys(templates))('in the style of %s render as in transformers', (style) => {
    const own = cases.filter((one) => one.style === style)
    expect(own.length).toBeGreaterThanOrEqual(5)
    for (const {variables, expected} of own) {
      const rendering = renderJinja(templates[style], variables)
      if (expected === null) expect(rendering.kind).toBe('failed')
      else expect(rendering).toEqual({kind: 'rendered', text: expected})
    }
  })
})
