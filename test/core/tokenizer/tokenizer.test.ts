import {writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {describe, expect, it} from 'vitest'
import {agreeWithin, fitTokenizer, loadTokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {DataError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {
  addedToken,
  byteFallback,
  byteLevel,
  byteLevelConfig,
  spaceInFront,
  writeTokenizer,
} from './sample-tokenizers.js'

/** The tokenizer of the embedded experiment. */
const tiny = resolve(import.meta.dirname, '../../../experiments/tiny')

/** Texts whose bytes are easily lost. */
const lines = [
  'The size and the size decreases.',
  ' leading, trailing ',
  'tabs\tand\r\nline feeds\n\n\n   then   runs  of spaces    ',
  '\n',
  ' ',
  '\ufeffa byte order mark first',
  'Grüße aus Köln, façade, naïve, Ångström',
  'Ελληνικά, русский, עברית, العربية, हिन्दी, ไทย',
  '中文和日本語、한국어',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u{1f1e9}\u{1f1ea} \u{10348}',
  'e\u0301 decomposed, \u00e9 composed, \u0120 stand-in',
  '$\\frac{1}{2} \\le \\boxed{x^{2}} \\text{ if } \\{a, b\\}$',
  'const f = (x) => x <= 1 ? [] : {}; // <b>&amp;</b>',
  '\u0000\u0001\u007f\u0085\u00a0\u2028\u2029',
  '<0x41> <unk> <bos> </think> <s>',
  'constructor __proto__ toString 123456789',
]

/** With one special token more, whose id is 1006. */
function withAdded(content: string) {
  const json = byteLevel()
  return {...json, added_tokens: [...json.added_tokens, addedToken(1006, content, true)]}
}

/** The post-processor that puts a token first. */
const startingWith = (token: string, id: number) => ({
  type: 'TemplateProcessing',
  single: [{SpecialToken: {id: token, type_id: 0}}, {Sequence: {id: 'A', type_id: 0}}],
  pair: [{SpecialToken: {id: token, type_id: 0}}, {Sequence: {id: 'A', type_id: 0}}, {Sequence: {id: 'B', type_id: 0}}],
  special_tokens: {[token]: {id: token, ids: [id], tokens: [token]}},
})

/** As Llama 2 has it: a space before every text, and a start token. */
const withPrepend = () => ({
  ...byteFallback(),
  normalizer: spaceInFront,
  post_processor: startingWith('<s>', 1),
})

const metaspace = () => ({
  ...byteFallback(),
  normalizer: null,
  pre_tokenizer: {type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: false},
  post_processor: startingWith('<s>', 1),
})

const withPrefixSpace = () => ({
  ...byteLevel(),
  pre_tokenizer: {type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true},
})

const kinds: Record<string, () => string> = {
  'byte-level': () => writeTokenizer(byteLevel(), byteLevelConfig),
  'byte-level with a prefix space': () => writeTokenizer(withPrefixSpace(), byteLevelConfig),
  'byte fallback': () => writeTokenizer(byteFallback(), {add_bos_token: true, bos_token: '<s>'}),
  'byte fallback with a normalizer that puts a space first': () => writeTokenizer(withPrepend()),
  'byte fallback with a Metaspace pre-tokenizer': () => writeTokenizer(metaspace()),
  'the tiny experiment': () => tiny,
}

const load = (json: unknown, config?: unknown) => loadTokenizer(writeTokenizer(json, config))

describe.each(Object.entries(kinds))('a tokenizer of kind %s', (_, folder) => {
  it('has tokens whose bytes together are the bytes of the text', async () => {
    const tokenizer = await loadTokenizer(folder())
    for (const line of lines) {
      const bytes = Buffer.concat([...tokenizer.encodeText(line)].map((id) => tokenizer.bytesOf(id)))
      expect(bytes.toString('hex'), JSON.stringify(line)).toBe(Buffer.from(line).toString('hex'))
      expect(tokenizer.decode(tokenizer.encodeText(line)), JSON.stringify(line)).toBe(line)
    }
  })

  it('never makes special tokens of corpus text', async () => {
    const tokenizer = await loadTokenizer(folder())
    expect(tokenizer.specialIds.size).toBeGreaterThan(2)
    for (const id of tokenizer.specialIds) {
      const name = tokenizer.decode([id])
      for (const text of [name, `a ${name} b`, `${name}${name}`, `\n${name}\n`]) {
        const ids = [...tokenizer.encodeText(text)]
        expect(ids.filter((token) => tokenizer.specialIds.has(token))).toEqual([])
        expect(tokenizer.decode(ids)).toBe(text)
      }
    }
  })

  it('recognises special tokens in markup', async () => {
    const tokenizer = await loadTokenizer(folder())
    for (const id of tokenizer.specialIds) {
      const text = `a${tokenizer.decode([id])}d`
      expect([...tokenizer.encodeMarkup(text)]).toContain(id)
      expect(tokenizer.decode(tokenizer.encodeMarkup(text))).toBe(text)
    }
  })

  it('adds no start token by itself', async () => {
    const tokenizer = await loadTokenizer(folder())
    expect(tokenizer.startId).not.toBeNull()
    expect([...tokenizer.encodeMarkup('size'), ...tokenizer.encodeText('size')]).not.toContain(tokenizer.startId)
  })
})

describe('special tokens', () => {
  it.each([
    ['whole words are looked up', true],
    ['merges make them', false],
  ])('stay out of text even where %s', async (_, ignoreMerges) => {
    const json = byteLevel()
    const {merges, vocab} = json.model
    json.pre_tokenizer = {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false}
    json.model.ignore_merges = ignoreMerges
    for (const name of ['<bos>', '</think>']) {
      const characters = Array.from(name)
      characters.slice(1).forEach((character, i) => {
        const left = characters.slice(0, i + 1).join('')
        merges.push([left, character])
        vocab[left + character] = vocab[left + character] ?? 2000 + merges.length
      })
    }
    vocab['<bos>'] = 1000
    vocab['</think>'] = 1004
    const tokenizer = await load(json, byteLevelConfig)
    for (const name of ['<bos>', '</think>', 'a</think>']) {
      expect(tokenizer.decode(tokenizer.encodeText(name))).toBe(name)
      expect([...tokenizer.encodeText(name)].filter((id) => tokenizer.specialIds.has(id))).toEqual([])
    }
  })

  it('include <think> and </think> where the file does not flag them', async () => {
    const tokenizer = await load(byteLevel(), byteLevelConfig)
    expect([...tokenizer.specialIds]).toEqual([1000, 1001, 1002, 1003, 1004])
    expect([...tokenizer.encodeMarkup('<think></think>')]).toEqual([1003, 1004])
  })

  it('include those that tokenizer_config.json alone lists or flags', async () => {
    const config = {
      ...byteLevelConfig,
      added_tokens_decoder: {'1005': addedToken(0, '  ', true), '1006': addedToken(0, '[INST]', true)},
    }
    const tokenizer = await load(byteLevel(), config)
    expect([...tokenizer.specialIds]).toEqual([1000, 1001, 1002, 1003, 1004, 1005, 1006])
    expect([...tokenizer.encodeMarkup('a[INST]')]).toEqual([0x61, 1006])
    expect(tokenizer.decode(tokenizer.encodeText('[INST]  '))).toBe('[INST]  ')
    expect([...tokenizer.encodeText('[INST]')]).not.toContain(1006)
  })

  it('do not include added tokens that are text, such as a run of spaces', async () => {
    const tokenizer = await load(byteLevel(), byteLevelConfig)
    expect([...tokenizer.encodeText('a  d')]).toEqual([0x61, 1005, 0x64])
    expect([...tokenizer.bytesOf(1005)]).toEqual([0x20, 0x20])
  })

  it('are found by their id where they are looked for in normalized text', async () => {
    const json = byteFallback()
    const id = Object.keys(json.model.vocab).length
    const added_tokens = [...json.added_tokens, {...addedToken(id, 'd e', false), normalized: true}]
    const tokenizer = await load({...json, added_tokens})
    const [s, n] = [json.model.vocab.s, json.model.vocab.n]
    expect([...tokenizer.encodeText('sd en')]).toEqual([s, id, n])
    expect(tokenizer.decode([s, id, n])).toBe('sd en')
  })
})

describe('start and end tokens', () => {
  it('are named by tokenizer_config.json, as texts or as objects', async () => {
    const asObject = {...byteLevelConfig, eos_token: {content: '<eos>', lstrip: false}}
    for (const config of [byteLevelConfig, asObject]) {
      const {startId, endIds, padId} = await load(byteLevel(), config)
      expect({startId, endIds, padId}).toEqual({startId: 1000, endIds: [1001], padId: 1002})
    }
  })

  it.each<[string, object, object, number | null]>([
    ['none where add_bos_token is false', byteLevel(), {...byteLevelConfig, add_bos_token: false}, null],
    ['none where nothing asks for it', byteLevel(), {bos_token: '<bos>'}, null],
    ['none where its name is null', byteLevel(), {bos_token: null, add_bos_token: true}, null],
    ['the one that the post-processor puts first', withPrepend(), {bos_token: '<s>'}, 1],
    ['the one that only the post-processor knows', withPrepend(), {}, 1],
    ['none where the file forbids what the post-processor does', withPrepend(), {add_bos_token: false}, null],
  ])('start token: %s', async (_, json, config, expected) => {
    expect((await load(json, config)).startId).toBe(expected)
  })

  it('may be named by special_tokens_map.json alone', async () => {
    const folder = writeTokenizer(byteLevel(), {add_bos_token: true, pad_token: null})
    const names = {bos_token: {content: '<bos>'}, eos_token: '<eos>', pad_token: '<pad>'}
    writeFileSync(join(folder, 'special_tokens_map.json'), JSON.stringify(names))
    const {startId, endIds, padId} = await loadTokenizer(folder)
    expect({startId, endIds, padId}).toEqual({startId: 1000, endIds: [1001], padId: null})
  })

  it('are not needed: tokenizer.json may come alone', async () => {
    const {startId, endIds, padId} = await load(withPrepend())
    expect({startId, endIds, padId}).toEqual({startId: 1, endIds: [], padId: null})
  })
})

describe('tokens', () => {
  it('spell the broken characters that they are parts of', async () => {
    const tokenizer = await load(byteLevel(), byteLevelConfig)
    const ids = tokenizer.encodeText('é')
    expect([...ids].map((id) => [...tokenizer.bytesOf(id)])).toEqual([[0xc3], [0xa9]])
    expect(tokenizer.decode(ids.subarray(0, 1))).toBe('\ufffd')
  })

  it('are single bytes where a fallback vocabulary lacks the character', async () => {
    const tokenizer = await load(byteFallback())
    expect([...tokenizer.encodeText('é')].map((id) => [...tokenizer.bytesOf(id)])).toEqual([[0xc3], [0xa9]])
  })

  it('that do not exist, as padding rows of an embedding, stand for no bytes', async () => {
    const tokenizer = await load(byteLevel(), byteLevelConfig)
    expect(tokenizer.vocabSize).toBe(1006)
    expect([...tokenizer.bytesOf(999), ...tokenizer.bytesOf(5000)]).toEqual([])
    expect(tokenizer.decode([5000, ...tokenizer.encodeText('the')])).toBe('the')
  })

  it('of half a surrogate pair are those of U+FFFD', async () => {
    const json = byteFallback()
    json.model.vocab['\ufffd'] = 300
    const tokenizer = await load(json)
    expect([...tokenizer.encodeText('a\ud800')]).toEqual([...tokenizer.encodeText('a\ufffd')])
    expect([...tokenizer.encodeText('a\udc00')]).toContain(300)
  })

  it('divide text by the white space of the reference: U+0085 is some, U+FEFF is none', async () => {
    const tokenizer = await load(byteLevel(['\ufeff.', '.\u0085']), byteLevelConfig)
    expect(tokenizer.encodeText('\ufeff.').length).toBe(1)
    expect(tokenizer.encodeText('.\u0085').length).toBe(3)
  })

  it('take characters of newer Unicode for unassigned ones, as the reference does', async () => {
    const letter = '\ua7ce'
    const tokenizer = await load(byteLevel([`a${letter}`, `.${letter}`]), byteLevelConfig)
    expect(tokenizer.encodeText(`a${letter}`).length).toBe(4)
    expect(tokenizer.encodeText(`.${letter}`).length).toBe(1)
    const composing = await load({...byteLevel(), normalizer: {type: 'NFC'}}, byteLevelConfig)
    const [old, young] = ['e\u0301', '\u{105d2}\u0307']
    expect(composing.decode(composing.encodeText(old + young + old))).toBe(`\u00e9${young}\u00e9`)
  })

  it('keep characters of newer Unicode within a range that a pattern spells out', async () => {
    const [old, young] = ['\u0915', '\u1ad4']
    const split = {type: 'Split', pattern: {Regex: '[\u0800-\u4e00]+'}, behavior: 'Isolated', invert: false}
    const pretokenizers = [split, {type: 'ByteLevel', add_prefix_space: false, use_regex: false}]
    const json = {...byteLevel([old + young]), pre_tokenizer: {type: 'Sequence', pretokenizers}}
    expect((await load(json, byteLevelConfig)).encodeText(old + young).length).toBe(1)
  })

  it('are found in time that grows with the text, whatever the text', async () => {
    for (const tokenizer of [await load(byteLevel()), await load(byteFallback())])
      for (const character of ['a', '\u4e2d', '7', ' ']) {
        const line = character.repeat(100_000)
        const started = process.cpuUsage().user
        const ids = tokenizer.encodeText(line)
        expect(process.cpuUsage().user - started, 'microseconds').toBeLessThan(4e6)
        expect(Buffer.from(line).equals(tokenizer.concatBytes(ids))).toBe(true)
      }
  })

  it('of a word of millions of characters are refused in one line where they cannot be found', async () => {
    const tokenizer = await load(byteLevel(), byteLevelConfig)
    const failure = (() => {
      try {
        return tokenizer.encodeText('\u4e2d'.repeat(2_000_000)).length
      } catch (error) {
        return error
      }
    })()
    if (typeof failure !== 'number') expect(failure).toBeInstanceOf(DataError)
  })

  it('named like a property of objects keep their ids', async () => {
    const words = ['__', '__p', '__pr', '__pro', '__prot', '__proto', '__proto__']
    const json = byteLevel([])
    json.pre_tokenizer = {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false}
    const merges = [['_', '_'], ...words.slice(0, -2).map((word, i) => [word, 'proto'[i]]), ['__proto', '__']]
    // A literal would set the prototype.
    const vocab = Object.fromEntries([...Object.entries(json.model.vocab), ...words.map((word, i) => [word, 500 + i])])
    const tokenizer = await load({...json, model: {...json.model, vocab, merges}}, byteLevelConfig)
    expect([...tokenizer.encodeText('__proto__')]).toEqual([506])
    expect(tokenizer.decode([506])).toBe('__proto__')
  })

  it('more than a model has are refused, naming the checkpoint, the token and its id', async () => {
    const tokenizer = await load(byteLevel(), byteLevelConfig)
    expect(fitTokenizer(tokenizer, 1006, 'base', silentProgress)).toBe(tokenizer)
    const last = tokenizer.decode([1005])
    expect(() => fitTokenizer(tokenizer, 1005, 'base', silentProgress)).toThrow(
      `base has a vocabulary of 1005, but the tokenizer has 1006 tokens (${tokenizer.file}): "${last}" with id 1005`,
    )
  })

  it('special, without a row and out of reach of corpus text are text like any other, in prompts too', async () => {
    const tokenizer = await load(withAdded('[PAD]'), {...byteLevelConfig, pad_token: '[PAD]'})
    expect([...tokenizer.encodeMarkup('a[PAD]')]).toContain(1006)
    const warnings: string[] = []
    const fitted = fitTokenizer(tokenizer, 1006, 'base', {warn: (line) => warnings.push(line)})
    expect(warnings).toEqual([expect.stringContaining('"[PAD]" with id 1006 of its tokenizer has no row there')])
    expect([...fitted.encodeMarkup('a[PAD]')]).toEqual([...tokenizer.encodeText('a[PAD]')])
    expect([...fitted.encodePrompt('[PAD]', true)]).not.toContain(1006)
    const plain = await load(byteLevel(), byteLevelConfig)
    expect([fitted.padId, fitted.vocabSize, fitted.fingerprint]).toEqual([null, 1006, plain.fingerprint])
    expect([agreeWithin(tokenizer, plain, 1006), agreeWithin(plain, tokenizer, 1006)]).toEqual([true, true])
    expect(agreeWithin(tokenizer, plain, 1007)).toBe(false)
    expect(() => fitTokenizer(tokenizer, 1005, 'base', silentProgress)).toThrow(/with id 1005 has no row/)
  })

  it('special and without a row are refused where texts end in them', async () => {
    const tokenizer = await load(withAdded('<end>'), {...byteLevelConfig, eos_token: '<end>'})
    expect(() => fitTokenizer(tokenizer, 1006, 'base', silentProgress)).toThrow('"<end>" with id 1006 has no row')
  })
})
