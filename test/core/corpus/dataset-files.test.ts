import {describe, expect, it} from 'vitest'
import {splitFiles} from '../../../src/core/corpus/dataset-files.js'
import {matchesPattern} from '../../../src/core/corpus/match-pattern.js'
import type {SplitRequest} from '../../../src/core/corpus/split-choice.js'
import {DataError} from '../../../src/core/util/errors.js'

function find(
  paths: readonly string[],
  changes: Partial<SplitRequest> = {},
  card: string | null = null,
): readonly string[] {
  return splitFiles(paths, card, {label: 'data set owner/name', split: 'train', ...changes}).files
}

function failure(paths: readonly string[], changes: Partial<SplitRequest> = {}, card: string | null = null): string {
  try {
    return `no error: ${find(paths, changes, card).join(', ')}`
  } catch (error) {
    expect(error).toBeInstanceOf(DataError)
    const {message, suggestions} = error as DataError
    return [message, ...suggestions].join(' | ')
  }
}

const shards = (split: string, count: number) =>
  Array.from({length: count}, (_, i) => `data/${split}-0000${i}-of-0000${count}.parquet`)
const clutter = ['README.md', '.gitattributes', 'LICENSE.txt', 'dataset_infos.json', '.cache/train.jsonl', 'load.py']

describe('the files of a split, by their names', () => {
  it.each<[string, string[], Partial<SplitRequest>, string[]]>([
    ['shards', [...shards('train', 3), ...shards('test', 1)], {}, shards('train', 3)],
    ['shards of a split of any name', [...shards('rule', 2), ...shards('test', 1)], {split: 'rule'}, shards('rule', 2)],
    ['shards with a hash', ['data/train-00000-of-00001-3f21.parquet'], {}, ['data/train-00000-of-00001-3f21.parquet']],
    ['a file named after it', ['train.jsonl', 'test.jsonl'], {split: 'test'}, ['test.jsonl']],
    ['one split alone', ['test.jsonl'], {split: 'test'}, ['test.jsonl']],
    ['a word in its name', ['my_train-2.jsonl.gz', 'my_dev.jsonl.gz'], {}, ['my_train-2.jsonl.gz']],
    ['another word for it', ['my.training.jsonl', 'dev.jsonl'], {split: 'validation'}, ['dev.jsonl']],
    ['the word asked for', ['train.jsonl', 'dev.jsonl'], {split: 'dev'}, ['dev.jsonl']],
    [
      'a folder named after it',
      ['train/b.parquet', 'train/a.parquet', 'test/a.parquet'],
      {},
      ['train/a.parquet', 'train/b.parquet'],
    ],
    ['folders before files', ['train/test.jsonl', 'test/test.jsonl'], {}, ['train/test.jsonl']],
    ['everything where nothing is named', ['b.jsonl', 'a.jsonl'], {}, ['a.jsonl', 'b.jsonl']],
    ['no word within a word', ['constraint.jsonl'], {}, ['constraint.jsonl']],
    [
      'a subset that is a folder',
      ['main/train.jsonl', 'socratic/train.jsonl'],
      {subset: 'socratic'},
      ['socratic/train.jsonl'],
    ],
    ['texts where there is nothing else', ['train.txt', 'test.txt'], {}, ['train.txt']],
  ])('%s', (_, paths, changes, expected) => {
    expect(find([...clutter, ...paths].toSorted().toReversed(), changes)).toEqual(
      expected.filter((path) => path !== ''),
    )
  })

  it.each<[string, string[], Partial<SplitRequest>, RegExp]>([
    [
      'no such split',
      ['train.jsonl', 'test.jsonl'],
      {split: 'val'},
      /has no split val \| set data\.split to one of .*t/,
    ],
    [
      'unnamed files asked for a split',
      ['a.jsonl'],
      {split: 'test'},
      /has no split test \| set data\.split to one of train/,
    ],
    [
      'several folders',
      ['a/train.jsonl', 'b/train.jsonl'],
      {},
      /split train in 2 folders \| set data\.subset to one of a, b/,
    ],
    ['no such folder', ['a/train.jsonl'], {subset: 'c'}, /has no folder c/],
    ['two kinds', ['train.jsonl', 'train.parquet'], {}, /split train exists as \.jsonl and as \.parquet/],
    ['a missing shard', shards('train', 3).slice(1), {}, /split train has 2 of 3 shards/],
    [
      'nothing that can be read',
      ['train.xlsx'],
      {},
      /has no file that can be read; passed over: of a kind that is not read \(1: train\.xlsx\); supported: \.jsonl/,
    ],
    ['nothing at all', [], {}, /has no file that can be read/],
  ])('refused: %s', (_, paths, changes, message) => {
    expect(failure(paths, changes)).toMatch(message)
  })
})

const card = (yaml: string) => `---\nlicense: mit\n${yaml}---\n# A data set\n---\n`
const gsm8k = card(`configs:
- config_name: main
  data_files:
  - split: train
    path: main/train-*
  - split: test
    path: main/test-*
- config_name: socratic
  data_files:
  - split: train
    path: [socratic/train-*]
`)
const gsm8kFiles = [
  'main/test-00000-of-00001.parquet',
  'main/train-00000-of-00001.parquet',
  'socratic/train-00000-of-00001.parquet',
]

describe('the files of a split, by the card', () => {
  it('are those of the subset and split', () => {
    expect(find(gsm8kFiles, {subset: 'main'}, gsm8k)).toEqual([gsm8kFiles[1]])
    expect(find(gsm8kFiles, {subset: 'main', split: 'test'}, gsm8k)).toEqual([gsm8kFiles[0]])
    expect(find(gsm8kFiles, {subset: 'socratic'}, gsm8k)).toEqual([gsm8kFiles[2]])
  })

  it('are those of the only subset, of the one called default, or of the one that says so', () => {
    const one = 'configs:\n- config_name: only\n  data_files: "*.jsonl"\n'
    expect(find(['b.jsonl', 'test.jsonl'], {}, card(one))).toEqual(['b.jsonl', 'test.jsonl'])
    const more = '- config_name: default\n  data_files: b.jsonl\n'
    expect(find(['b.jsonl', 'test.jsonl'], {}, card(one + more))).toEqual(['b.jsonl'])
    const marked = '- config_name: other\n  default: true\n  data_files: test.jsonl\n'
    expect(find(['b.jsonl', 'test.jsonl'], {}, card(one + marked))).toEqual(['test.jsonl'])
  })

  it('are found by names within data_dir where the card names no files', () => {
    const yaml = 'configs:\n- config_name: a\n  data_dir: ./some/a/\n- config_name: b\n  data_dir: b\n'
    const files = ['some/a/train.jsonl', 'some/a/test.jsonl', 'b/train.jsonl']
    expect(find(files, {subset: 'a'}, card(yaml))).toEqual(['some/a/train.jsonl'])
  })

  it('are found by names alone where the card describes no subsets, or has no block', () => {
    for (const text of [card(''), '# train', '---\nno end', card('pretty_name: x\n')])
      expect(find(['train.jsonl', 'test.jsonl'], {}, text)).toEqual(['train.jsonl'])
  })

  it.each<[string, string, Partial<SplitRequest>, RegExp]>([
    ['which subset', gsm8k, {}, /has 2 subsets \| set data\.subset to one of main, socratic/],
    ['no such subset', gsm8k, {subset: 'best'}, /has no subset best \| set data\.subset to one of main, socratic/],
    ['no such split', gsm8k, {subset: 'main', split: 'dev'}, /no split dev \| set data\.split to one of train, test/],
    [
      'files that are not there',
      card('configs:\n- config_name: a\n  data_files: ../*.jsonl\n'),
      {},
      /split train has no file/,
    ],
    ['broken YAML', '---\na: [\n---\n', {}, /block at the top of its README\.md is not YAML/],
    ['subsets of another form', card('configs: 3\n'), {}, /describes subsets in an unknown way, at configs/],
    [
      'too many references',
      `---\na: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e'].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcd'[i]}`)}]\n`).join('')}---\n`,
      {},
      /not YAML/,
    ],
  ])('refused: %s', (_, text, changes, message) => {
    expect(failure(gsm8kFiles, changes, text)).toMatch(message)
  })
})

describe('a pattern', () => {
  it.each<[string, string, boolean]>([
    ['data/train-*', 'data/train-00000-of-00001.parquet', true],
    ['data/train-*', 'data/sub/train-1', false],
    ['*.jsonl', 'a.jsonl', true],
    ['*.jsonl', 'b/a.jsonl', false],
    ['**/*.jsonl', 'a.jsonl', true],
    ['**/*.jsonl', 'x/y/a.jsonl', true],
    ['**/a.jsonl', 'xa.jsonl', false],
    ['x/**', 'x/y/z', true],
    ['x/**/z', 'x/z', true],
    ['x/**/z', 'x/yz', false],
    ['./a?.jsonl', 'a1.jsonl', true],
    ['a?.jsonl', 'a/.jsonl', false],
    ['[ab]-[0-9].jsonl', 'b-7.jsonl', true],
    ['[!ab].jsonl', 'a.jsonl', false],
    ['[!ab].jsonl', 'c.jsonl', true],
    ['a.jsonl', 'aXjsonl', false],
    ['a', 'ab', false],
    ['', '', true],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(matchesPattern(pattern, path)).toBe(expected)
  })

  it('of many stars takes no longer than it has characters', () => {
    expect(matchesPattern(`${'*a'.repeat(200)}b`, 'a'.repeat(2000))).toBe(false)
  })
})

it('shards that save_to_disk calls data name no split', () => {
  const saved = ['data/data-00000-of-00002.arrow', 'data/data-00001-of-00002.arrow']
  expect(find(saved)).toEqual(saved)
})

it('a card may name a split several times', () => {
  const entries = ['a', 'b'].map((name) => `{split: train, path: ${name}.jsonl}`)
  const card = `---\nconfigs:\n- config_name: default\n  data_files: [${entries.join(', ')}]\n---\n`
  expect(find(['a.jsonl', 'b.jsonl', 'c.jsonl'], {}, card)).toEqual(['a.jsonl', 'b.jsonl'])
})
