import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {preTokenPattern, splitPreTokens} from './pre-tokens.js'
import {trainBpe} from './train-bpe.js'

/** Writes tokenizer.json and tokenizer_config.json from corpus.jsonl and traces.jsonl: `npx tsx experiments/tiny/make-tokenizer.ts`. */
const folder = import.meta.dirname
const specialTokens = ['<pad>', '<bos>', '<eos>', '<think>', '</think>']
/** Words that occur less often stay in pieces. */
const minCount = 20
const wholeNumbers = 60

const {tokens, merges} = trainBpe(countWords())
const vocabulary = [...specialTokens, ...tokens]
write('tokenizer.json', {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: specialTokens.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      {type: 'Split', pattern: {Regex: preTokenPattern}, behavior: 'Isolated', invert: false},
      {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false},
    ],
  },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{SpecialToken: {id: '<bos>', type_id: 0}}, {Sequence: {id: 'A', type_id: 0}}],
    pair: [
      {SpecialToken: {id: '<bos>', type_id: 0}},
      {Sequence: {id: 'A', type_id: 0}},
      {Sequence: {id: 'B', type_id: 0}},
    ],
    special_tokens: {'<bos>': {id: '<bos>', ids: [specialTokens.indexOf('<bos>')], tokens: ['<bos>']}},
  },
  decoder: {type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true},
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    merges,
  },
})
write('tokenizer_config.json', {
  tokenizer_class: 'PreTrainedTokenizerFast',
  add_bos_token: true,
  add_eos_token: false,
  bos_token: '<bos>',
  eos_token: '<eos>',
  pad_token: '<pad>',
  model_max_length: 256,
  clean_up_tokenization_spaces: false,
})
console.log(`${vocabulary.length} tokens`)

/** Frequent words of the corpus and of the completions, numbers, and each of them with and without its leading space. */
function countWords(): Map<string, number> {
  const counts = new Map<string, number>()
  const add = (word: string, count = 1) => counts.set(word, (counts.get(word) ?? 0) + count)
  const texts = [
    ...readRows('corpus.jsonl').map(({text}) => text),
    ...readRows('traces.jsonl').flatMap(({completion}) => completion.split('</think>')),
  ]
  for (const text of texts) for (const word of splitPreTokens(text)) add(word)
  const frequent = [...counts].filter(([, count]) => count >= minCount).map(([word]) => word.trimStart())
  const numbers = Array.from({length: wholeNumbers + 1}, (_, number) => String(number))
  const whole = new Set([...frequent, ...numbers].filter((word) => /^[\p{L}\p{N}]+$/u.test(word)))
  for (const word of [...whole].sort()) for (const form of [word, ` ${word}`]) add(form, minCount)
  return new Map([...counts].filter(([, count]) => count >= minCount).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function readRows(name: string): Record<string, string>[] {
  const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as Record<string, string>)
}

function write(name: string, content: object): void {
  writeFileSync(join(folder, name), `${JSON.stringify(content, null, 1)}\n`)
}
