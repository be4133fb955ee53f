import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {PreparedDocuments} from '../../../src/core/prepared/prepared-documents.js'
import {DocumentIds} from '../../../src/core/records/document-ids.js'
import {type DocumentRow, documentsTable, type Table, writeTable} from '../../../src/core/tables/index.js'
import {DataError} from '../../../src/core/util/errors.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const count = 10_000
const folder = mkdtempSync(join(tmpdir(), 'rpt-documents-'))
const file = join(folder, 'documents.arrow')

/** Document `index` has `index % 50` tokens, except for a long one. */
function rowOf(index: number): DocumentRow {
  const length = index === 4321 ? 3000 : index % 50
  return {
    doc_id: `füße.jsonl:${index}`,
    partition: index % 10 === 3 ? 'val' : 'train',
    text: '',
    token_ids: Int32Array.from({length}, (_, i) => index * 7 + i),
    byte_offsets: new Int32Array(0),
    goes_on: index % 20 === 13,
  }
}

beforeAll(() =>
  writeTable(
    file,
    documentsTable,
    Array.from({length: count}, (_, index) => rowOf(index)),
  ),
)
afterAll(() => rmSync(folder, {recursive: true}))

describe('documents of prepared data', () => {
  it('come by name and by number, in any order, from any batch', () => {
    const documents = PreparedDocuments.open(file)
    expect(documents).toHaveLength(count)
    for (const index of [0, 4095, 4096, 4321, 8192, 9999, 1, 4096]) {
      const {doc_id: docId, partition, token_ids: tokenIds} = rowOf(index)
      expect(documents.at(index)).toEqual({docId, partition, tokenIds})
      expect(documents.get(docId)).toEqual({docId, partition, tokenIds})
    }
    for (const index of [-1, count, Number.NaN]) expect(() => documents.at(index)).toThrow(RangeError)
    expect(() => documents.get('füße.jsonl:10000')).toThrow(DataError)
  })

  it('are listed by partition, in the order of the corpus, with their lengths', () => {
    const documents = PreparedDocuments.open(file)
    const val = documents.in('val')
    expect(val).toHaveLength(count / 10)
    expect([val.at(0), val.at(1), val.at(999)].map(({docId}) => docId)).toEqual(
      [3, 13, 9993].map((index) => rowOf(index).doc_id),
    )
    expect(documents.in('train')).toHaveLength((9 * count) / 10)
    expect([...val.lengths.slice(0, 6)]).toEqual([3, 13, 23, 33, 43, 3])
    expect(documents.lengths[4321]).toBe(3000)
    expect([...val.goesOn.slice(0, 4)]).toEqual([0, 1, 0, 1])
  })

  it('of an older version tell of none that it goes on', async () => {
    const {goes_on: _, ...older} = documentsTable.columns
    const copy = join(folder, 'older.arrow')
    await writeTable(copy, {...documentsTable, columns: older} as Table, [rowOf(13), rowOf(14)])
    expect([...PreparedDocuments.open(copy).in('val').goesOn]).toEqual([0])
  })

  it('hold no more tokens in memory than they may, whatever is visited', () => {
    const limit = 20_000
    const documents = PreparedDocuments.open(file, limit)
    const order = new Sampler(streamSeed(1, 'visits')).shuffle(Array(count).keys())
    let most = 0
    for (const index of order) {
      documents.at(index)
      most = Math.max(most, documents.heldBytes)
    }
    expect(most).toBeGreaterThan(limit - 12_000)
    expect(most).toBeLessThanOrEqual(limit)
  })

  it('are read once while they stay, and as they were when the file is replaced', async () => {
    const copy = join(folder, 'copy.arrow')
    writeFileSync(copy, readFileSync(file))
    const documents = PreparedDocuments.open(copy)
    expect(documents.at(7)).toBe(documents.at(7))
    await writeTable(copy, documentsTable, [rowOf(1)])
    expect(documents.at(9000).tokenIds).toEqual(rowOf(9000).token_ids)
  })

  it('that are named twice, or end before they should, are refused', async () => {
    const copy = join(folder, 'copy.arrow')
    await writeTable(copy, documentsTable, [rowOf(1), rowOf(2), rowOf(1)])
    expect(() => PreparedDocuments.open(copy)).toThrow(`${copy} has document füße.jsonl:1 twice`)
    writeFileSync(copy, readFileSync(file))
    const documents = PreparedDocuments.open(copy)
    writeFileSync(copy, readFileSync(file).subarray(0, 1000))
    expect(() => documents.at(9999)).toThrow(`${copy} is damaged: it ends before byte`)
  })
})

describe('names of documents', () => {
  it('are numbered as they come, once each, however many', () => {
    const ids = new DocumentIds()
    const nameOf = (index: number) => `file-${index % 3}.jsonl:${index}`
    for (let index = 0; index < 20_000; index++) expect(ids.add(nameOf(index))).toBe(index)
    for (const index of [0, 255, 256, 511, 4096, 19_999]) {
      expect(ids.at(index)).toBe(nameOf(index))
      expect(ids.indexOf(nameOf(index))).toBe(index)
      expect(ids.add(nameOf(index))).toBe(index)
    }
    expect(ids).toHaveLength(20_000)
    expect(ids.indexOf('file-0.jsonl:20001')).toBe(-1)
    expect(() => ids.at(20_000)).toThrow('no document 20000 among 20000')
  })

  it('may share a hash', () => {
    const ids = new DocumentIds()
    // FNV-1a gives both the same 32 bits.
    expect([ids.add('costarring'), ids.add('liquid'), ids.indexOf('liquid'), ids.indexOf('costarring')]).toEqual([
      0, 1, 1, 0,
    ])
  })

  it('take few bytes: they are kept in arrays of numbers, not as texts', () => {
    const ids = new DocumentIds()
    for (let index = 0; index < 20_000; index++) ids.add(`corpus.jsonl:${index}`)
    const kept = Object.values(ids).flat()
    const buffers = kept.filter((value) => ArrayBuffer.isView(value)) as unknown as readonly ArrayBufferView[]
    expect(buffers.length).toBeGreaterThan(0)
    expect(kept.filter((value) => value instanceof Map || typeof value === 'string')).toEqual([])
    // A text in a map takes 150 bytes.
    expect(buffers.reduce((sum, {byteLength}) => sum + byteLength, 0)).toBeLessThan(20_000 * 100)
  })
})
