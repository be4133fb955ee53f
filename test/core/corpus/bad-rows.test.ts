import {gzipSync} from 'node:zlib'
import {describe, expect, it} from 'vitest'
import {BadRows} from '../../../src/core/corpus/bad-rows.js'
import {type DocumentSource, readDocuments} from '../../../src/core/corpus/documents.js'
import {maxDocumentBytes} from '../../../src/core/corpus/readers/decode.js'
import {DataError} from '../../../src/core/util/errors.js'
import {failureOf, fixture, write} from './read-folder.js'

async function skipping(path: string, changes: Partial<DocumentSource> = {}) {
  const badRows = new BadRows('skip')
  const documents: [string, string][] = []
  for await (const {docId, text} of readDocuments({path, textField: 'text', ...changes}, badRows))
    documents.push([docId, text])
  return {documents, badRows}
}

const good = (text: string) => JSON.stringify({text})
const remedy = '--set data.onBadRow=skip leaves such rows out, and counts them'

describe('rows that are no documents', () => {
  it.each<[string, string | Buffer]>([
    ['empty', '{"text": ""}'],
    ['null', '{"text": null}'],
    ['missing', '{"txt": "a"}'],
    ['not-text', '{"text": 5}'],
    ['not-json', '{"text": "a'],
    ['not-object', '["a"]'],
    ['half-surrogate', '{"text": "\\ud800"}'],
    ['not-utf8', Buffer.of(0x7b, 0xff, 0x7d)],
    ['too-long', `{"text": "${'x'.repeat(maxDocumentBytes)}"}`],
  ])('of JSONL end the command, or are left out and counted: %s', async (reason, row) => {
    const file = write(
      'a.jsonl',
      Buffer.concat([`${good('one')}\n`, row, `\n\n${good('four')}`].map((part) => Buffer.from(part))),
    )
    expect((await failureOf(file)).suggestions.at(-1)).toBe(remedy)
    const {documents, badRows} = await skipping(file)
    expect(documents).toEqual([
      ['a.jsonl:1', 'one'],
      ['a.jsonl:4', 'four'],
    ])
    expect(badRows.summary).toEqual({left_out: 1, reasons: {[reason]: 1}})
  })

  it.each<[string, string, string, number[], object]>([
    ['Parquet', 'pages-v2.parquet', 'hint', [1, 3, 5], {null: 2}],
    ['Parquet that is not UTF-8', 'latin1.parquet', 'text', [1], {'not-utf8': 1}],
    ['Arrow', 'large.arrow', 'text', [1], {null: 1, empty: 1}],
  ])('of %s are left out and counted, and the others keep their numbers', async (_, name, textField, rows, reasons) => {
    const {documents, badRows} = await skipping(fixture(name), {textField})
    expect(documents.map(([docId]) => docId)).toEqual(rows.map((row) => `${name}:${row}`))
    expect(badRows.summary.reasons).toEqual(reasons)
  })

  it('of several fields are left out if one is no text', async () => {
    const file = write('a.jsonl', '{"a": "1", "b": "2"}\n{"a": "1", "b": ""}\n')
    expect((await skipping(file, {textField: ['a', 'b']})).documents).toEqual([['a.jsonl:1', '1\n\n2']])
  })

  it('are not counted among the first documents, and those after them are not looked at', async () => {
    const file = write('a.jsonl', `{}\n${good('two')}\n{}\n${good('four')}\n{}\n`)
    const {documents, badRows} = await skipping(file, {limit: 2})
    expect(documents.map(([docId]) => docId)).toEqual(['a.jsonl:2', 'a.jsonl:4'])
    expect(badRows.summary.left_out).toBe(2)
  })

  it('are numbered with the others over a split of the Hub', async () => {
    const file = write('a.jsonl', `{}\n${good('two')}`)
    const split = {dataset: 'owner/name', files: ['a.jsonl']}
    expect((await skipping(file.slice(0, -'a.jsonl'.length), {split})).documents).toEqual([['owner/name:2', 'two']])
  })

  it('are told in one line: how many, why, and the first', async () => {
    const {badRows} = await skipping(write('a.jsonl', `${good('a')}\n{"text":""}\n{}\n{"text":""}`))
    expect(badRows.warning).toMatch(
      /^rows left out \(data\.onBadRow is skip\): 3 \(empty 2, missing 1\); the first is a\.jsonl:2: .*field text is empty/,
    )
    expect(new BadRows('skip').warning).toBeNull()
  })

  it('are an error with the counts where nothing else is there', async () => {
    const failure = await skipping(write('a.jsonl', '{}\n{"text":""}')).catch((error) => error)
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.message).toMatch(/a\.jsonl holds no documents; rows left out .*: 2 \(empty 1, missing 1\)/)
  })

  it('are never what cannot be put down to a row', async () => {
    const packed = gzipSync(`${good('one')}\n`.repeat(20_000))
    await expect(skipping(write('a.jsonl.gz', packed.subarray(0, packed.length / 2)))).rejects.toThrow(
      /cannot be decompressed/,
    )
    await expect(skipping(fixture('plain.parquet'), {textField: 'level'})).rejects.toThrow(/holds values of type INT64/)
    await expect(skipping(write('a.csv', 'text,n\n"a,1\nb,2\n'))).rejects.toThrow(/a quote is opened and not closed/)
  })
})
