import {truncateSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {describe, expect, it} from 'vitest'
import {loadTokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {DataError} from '../../../src/core/util/errors.js'
import {addedToken, byteLevel, byteLevelConfig, writeTokenizer} from './sample-tokenizers.js'

const load = (json: unknown, config?: unknown) => loadTokenizer(writeTokenizer(json, config))

describe('a tokenizer that cannot be used is refused with the name of its file', () => {
  const {model} = byteLevel()
  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{"model": ', /tokenizer\.json is not JSON/],
    ['a list', [], /tokenizer\.json: file:/],
    ['no model', {}, /tokenizer\.json: model:/],
    ['no vocabulary', {model: {type: 'BPE', merges: []}}, /tokenizer\.json: model\.vocab/],
    ['an id that is no whole number', {model: {...model, vocab: {a: 1.5}}}, /tokenizer\.json: model\.vocab\.a/],
    ['no merges', {model: {...model, merges: undefined}}, /tokenizer\.json: model\.merges/],
    [
      'Unigram',
      {model: {type: 'Unigram', vocab: [['a', -1]]}},
      /tokenizer\.json: model type is Unigram; supported: BPE/,
    ],
    [
      'WordPiece',
      {model: {type: 'WordPiece', vocab: {a: 0}}},
      /tokenizer\.json: model type is WordPiece; supported: BPE/,
    ],
    [
      'tokens that stand for no certain bytes',
      {...byteLevel(), pre_tokenizer: {type: 'Whitespace'}, decoder: null},
      /tokenizer\.json: its tokens are neither byte-level nor with byte fallback/,
    ],
    [
      'an added token without id',
      {...byteLevel(), added_tokens: [{content: 'a'}]},
      /tokenizer\.json: added_tokens\.0\.id/,
    ],
    ['a key twice', '{"model": {}, "model": {}}', /tokenizer\.json has the key "model" twice/],
    [
      'an id beyond any vocabulary',
      {...byteLevel(), added_tokens: [addedToken(2 ** 31, '<a>', true)]},
      /token "<a>" has id 2147483648; expected at most 16777215/,
    ],
    [
      'two tokens of one id',
      {...byteLevel(), added_tokens: [addedToken(65, '<a>', true)]},
      /tokens "A" and "<a>" both have id 65/,
    ],
    [
      'an added token with two ids',
      {...byteLevel(), added_tokens: [addedToken(1000, 'A', false)]},
      /added token "A" has id 1000, but 65 in model\.vocab/,
    ],
    [
      'an added token for whole words alone',
      {...byteLevel(), added_tokens: [{...addedToken(1000, 'word', false), single_word: true}]},
      /added token "word" is single_word/,
    ],
    [
      'a merge of three',
      {...byteLevel(), model: {...model, merges: ['a b c']}},
      /model\.merges\.0 is "a b c"; expected two/,
    ],
    [
      'a merge of one',
      {...byteLevel(), model: {...model, merges: ['a ']}},
      /model\.merges\.0 is "a "; expected two tokens/,
    ],
    [
      'a merge of itself with nothing',
      {...byteLevel(), model: {...model, merges: [['a', '']]}},
      /model\.merges\.0 is "a "; expected two tokens/,
    ],
    [
      'a merge of what is no token',
      {...byteLevel(), model: {...model, merges: [['qx', 'a']]}},
      /model\.merges\.0 is "qx a"; "qx" is not in model\.vocab/,
    ],
    [
      'a merge into what is no token',
      {...byteLevel(), model: {...model, merges: [['q', 'x']]}},
      /model\.merges\.0 is "q x"; "qx" is not in model\.vocab/,
    ],
    ['dropout', {...byteLevel(), model: {...model, dropout: 0.1}}, /model\.dropout is 0\.1/],
    [
      'word endings',
      {...byteLevel(), model: {...model, end_of_word_suffix: '</w>'}},
      /model\.end_of_word_suffix is "<\/w>"/,
    ],
    [
      'a pre-tokenizer nobody vouches for',
      {...byteLevel(), pre_tokenizer: {type: 'Sequence', pretokenizers: [{type: 'Punctuation'}, {type: 'ByteLevel'}]}},
      /pre_tokenizer is Punctuation; supported: Sequence, ByteLevel, Metaspace, Digits, Split/,
    ],
    [
      'a split that joins what it splits',
      {
        ...byteLevel(),
        pre_tokenizer: {type: 'Split', pattern: {String: 'a'}, behavior: 'MergedWithNext', invert: false},
      },
      /Split has behavior MergedWithNext; supported: Isolated/,
    ],
    [
      'a normalizer nobody knows',
      {...byteLevel(), normalizer: {type: 'Rot13'}},
      /tokenizer\.json cannot be used as a tokenizer: .*Rot13/,
    ],
  ])('%s', async (_, json, message) => {
    const failure = await load(json, byteLevelConfig).catch((error) => error)
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.message).toMatch(message)
  })

  it('one larger than any', async () => {
    const folder = writeTokenizer('')
    truncateSync(join(folder, 'tokenizer.json'), 2 ** 30)
    await expect(loadTokenizer(folder)).rejects.toThrow(
      /tokenizer\.json has 1073741824 bytes; expected at most 268435456/,
    )
  })

  it('no tokenizer.json', async () => {
    await expect(loadTokenizer(resolve(import.meta.dirname, '../../../experiments/tiny/model'))).rejects.toThrow(
      /model\/tokenizer\.json does not exist/,
    )
  })

  it('a tokenizer_config.json with a number for a name', async () => {
    const failure = await load(byteLevel(), {bos_token: 3}).catch((error) => error)
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.message).toMatch(/tokenizer_config\.json: bos_token/)
  })
})
