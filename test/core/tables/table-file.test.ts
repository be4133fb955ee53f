import {readdirSync, readFileSync, truncateSync, writeFileSync} from 'node:fs'
import {RecordBatchReader} from 'apache-arrow'
import {describe, expect, it} from 'vitest'
import {packageVersion} from '../../../src/core/files/index.js'
import {
  countRows,
  type DocumentRow,
  documentsTable,
  evalTable,
  metricsTable,
  nullsOf,
  pickColumns,
  positionsTable,
  readRows,
  readTable,
  type Table,
  tables,
  writeTable,
} from '../../../src/core/tables/index.js'
import {DataError, RuntimeFailure} from '../../../src/core/util/errors.js'
import {sampleRows, type TableName, tableNames, useFolder} from '../files/samples.js'

const at = useFolder()

/** A sample with one column changed, past the type checker. */
function spoilt(name: TableName, column: string, value: unknown): never[] {
  return [{...sampleRows(name)[0], [column]: value}] as never[]
}

describe('a table file', () => {
  it.each(tableNames)('%s comes back as it was written', async (name) => {
    await writeTable(at('t.arrow'), tables[name] as Table, sampleRows(name))
    expect(readTable(at('t.arrow'), tables[name] as Table)).toEqual(sampleRows(name).map(rounded))
  })

  it('has the same bytes for the same rows', async () => {
    await writeTable(at('a.arrow'), tables.rollouts, sampleRows('rollouts'))
    await writeTable(at('b.arrow'), tables.rollouts, sampleRows('rollouts'))
    expect(readFileSync(at('a.arrow')).equals(readFileSync(at('b.arrow')))).toBe(true)
  })

  it('writes reward parts in sorted order', async () => {
    const [row] = sampleRows('rollouts')
    await writeTable(at('a.arrow'), tables.rollouts, [{...row, reward_parts: {b: 1, a: 2}}])
    await writeTable(at('b.arrow'), tables.rollouts, [{...row, reward_parts: {a: 2, b: 1}}])
    expect(readFileSync(at('a.arrow')).equals(readFileSync(at('b.arrow')))).toBe(true)
    expect(Object.keys(readTable(at('a.arrow'), tables.rollouts)[0].reward_parts)).toEqual(['a', 'b'])
  })

  it('takes no rows, and any number of batches, from an asynchronous source too', async () => {
    await writeTable(at('none.arrow'), documentsTable, [])
    expect(readTable(at('none.arrow'), documentsTable)).toEqual([])
    const [sample] = sampleRows('positions')
    async function* many() {
      for (let position = 0; position < 9000; position++) {
        yield {...sample, position, difficulty_entropy: position % 3 === 0 ? null : position}
      }
    }
    await writeTable(at('many.arrow'), positionsTable, many())
    let count = 0
    for (const row of readRows(at('many.arrow'), positionsTable)) {
      expect(row.position).toBe(count)
      expect(row.difficulty_entropy).toBe(count % 3 === 0 ? null : count)
      count++
    }
    expect(count).toBe(9000)
  })

  it('is counted, and read by a few of its columns', async () => {
    const rows = sampleRows('positions')
    await writeTable(at('t.arrow'), positionsTable, rows)
    expect(countRows(at('t.arrow'), positionsTable)).toBe(rows.length)
    const picked = readTable(at('t.arrow'), pickColumns(positionsTable, 'kept', 'doc_id'))
    expect(picked).toEqual(rows.map(({kept, doc_id}) => ({kept, doc_id})))
    expect(() => countRows(at('t.arrow'), documentsTable)).toThrow(/schema 'positions\/1', expected 'documents\/1'/)
  })

  it('cuts batches by size as well as by number of rows', async () => {
    const text = 'a'.repeat(12 * 2 ** 20)
    const row: DocumentRow = {...sampleRows('documents')[0], text}
    await writeTable(at('t.arrow'), documentsTable, [row, row, row, row])
    const batches = [...RecordBatchReader.from(readFileSync(at('t.arrow')))]
    expect(batches.map((batch) => batch.numRows)).toEqual([3, 1])
    const texts = readTable(at('t.arrow'), documentsTable).map((read) => read.text === text)
    expect(texts).toEqual([true, true, true, true])
  })

  it('leaves the old table and nothing else when the rows fail', async () => {
    await writeTable(at('t.arrow'), documentsTable, sampleRows('documents'))
    async function* failing() {
      yield sampleRows('documents')[0]
      throw new Error('no more')
    }
    await expect(writeTable(at('t.arrow'), documentsTable, failing())).rejects.toThrow('no more')
    expect(readdirSync(at())).toEqual(['t.arrow'])
    expect(readTable(at('t.arrow'), documentsTable)).toHaveLength(2)
  })

  it('names path and errno when the place cannot be written', async () => {
    writeFileSync(at('file'), '')
    const writing = writeTable(at('file/t.arrow'), documentsTable, [])
    await expect(writing).rejects.toThrow(RuntimeFailure)
    await expect(writing).rejects.toThrow(/file\/t\.arrow.*ENOTDIR/)
  })

  it('carries schema, version and clock columns as metadata', async () => {
    await writeTable(at('t.arrow'), documentsTable, [])
    const bytes = readFileSync(at('t.arrow'), 'latin1')
    for (const text of ['rpt.schema', 'documents/1', 'rpt.version', packageVersion, 'rpt.clock_columns']) {
      expect(bytes).toContain(text)
    }
  })
})

describe('a value that does not fit', () => {
  it.each<[TableName, string, unknown, string]>([
    ['positions', 'position', 1.5, '32-bit integer'],
    ['positions', 'position', 2 ** 31, '32-bit integer'],
    ['positions', 'doc_id', undefined, 'text'],
    ['positions', 'entropy', null, 'a number'],
    ['positions', 'kept', 1, 'true or false'],
    ['positions', 'difficulty', 'harder', 'one of none, easy, medium, hard'],
    ['positions', 'target_bytes', 'a', 'Uint8Array'],
    ['documents', 'token_ids', [1, 2], 'Int32Array'],
    ['rollouts', 'reward_parts', {a: '1'}, 'a number'],
    ['eval', 'seed', 2 ** 53, 'an integer below'],
    ['eval', 'pass_at_k', undefined, 'a number'],
    ['eval', 'prompt_settings', '{"prompt.template":', 'a JSON object'],
    ['sweep', 'point', '[1]', 'a JSON object'],
  ])('in %s.%s (%s) is refused by name', async (name, column, value, expected) => {
    const writing = writeTable(at('t.arrow'), tables[name] as Table, spoilt(name, column, value))
    await expect(writing).rejects.toThrow(DataError)
    await expect(writing).rejects.toThrow(`column ${name}.${column}`)
    await expect(writing).rejects.toThrow(expected)
  })

  it('does not compile', () => {
    const [row] = sampleRows('documents')
    // @ts-expect-error a column of another type
    const wrongType: DocumentRow = {...row, text: 1}
    // @ts-expect-error a column that is not there
    const wrongName: DocumentRow = {...row, txet: ''}
    // @ts-expect-error a word that the column does not know
    const wrongWord: DocumentRow = {...row, partition: 'test'}
    // @ts-expect-error columns that may not be null are missing
    const missing: DocumentRow = {doc_id: 'a'}
    expect([wrongType, wrongName, wrongWord, missing]).toHaveLength(4)
    expect(nullsOf(metricsTable)).not.toHaveProperty('step')
    expect(nullsOf(metricsTable)).toHaveProperty('reward', null)
  })
})

describe('a file that is not the table', () => {
  it('is refused at whatever byte it was cut', async () => {
    await writeTable(at('t.arrow'), documentsTable, sampleRows('documents'))
    const {length} = readFileSync(at('t.arrow'))
    for (let size = length - 1; size >= 0; size -= 7) {
      truncateSync(at('t.arrow'), size)
      expect(() => readTable(at('t.arrow'), documentsTable), `${size} bytes`).toThrow(DataError)
    }
  })

  it('is refused when a byte of its frame is another', async () => {
    await writeTable(at('t.arrow'), documentsTable, sampleRows('documents'))
    const whole = readFileSync(at('t.arrow'))
    const batchAt = whole.indexOf(Buffer.from([255, 255, 255, 255]), 16)
    const changed = Buffer.from(whole)
    changed[batchAt] = 0
    writeFileSync(at('t.arrow'), changed)
    expect(() => readTable(at('t.arrow'), documentsTable)).toThrow(/t\.arrow is damaged: no Arrow message at byte/)
  })

  it('is refused with its path and what it is instead', async () => {
    writeFileSync(at('text'), 'id,text\n')
    expect(() => readTable(at('text'), documentsTable)).toThrow(/text is not an Arrow IPC file/)
    expect(() => readTable(at('absent'), documentsTable)).toThrow(/absent: no such file or folder \(ENOENT\)/)
    await writeTable(at('p.arrow'), positionsTable, [])
    expect(() => readTable(at('p.arrow'), documentsTable)).toThrow(/schema 'positions\/1', expected 'documents\/1'/)
    await writeTable(at('d.arrow'), {...positionsTable, name: 'documents'}, [])
    expect(() => readTable(at('d.arrow'), documentsTable)).toThrow(/column text is missing, expected Utf8/)
  })

  it('may lack columns that may be null, as an older version wrote it, unless it has unknown ones', async () => {
    const {flops, ...older} = evalTable.columns
    const [sample] = sampleRows('eval')
    await writeTable(at('older.arrow'), {...evalTable, columns: older} as Table, [sample])
    expect(readTable(at('older.arrow'), evalTable)).toEqual([{...sample, flops: null}])
    await writeTable(at('renamed.arrow'), {...evalTable, columns: {...older, flop5: flops}} as Table, [
      {...sample, flop5: 1},
    ])
    expect(() => readTable(at('renamed.arrow'), evalTable)).toThrow(/column flops is missing, expected Float64/)
  })

  it('may have columns that this version does not know', async () => {
    const {text, ...columns} = documentsTable.columns
    await writeTable(at('t.arrow'), documentsTable, sampleRows('documents'))
    const [row] = readTable(at('t.arrow'), {...documentsTable, columns} as Table)
    expect(row).not.toHaveProperty('text')
    expect(row.doc_id).toBe(sampleRows('documents')[0].doc_id)
    expect(text.isNullable).toBe(false)
  })
})

/** float32 columns round what they hold. */
function rounded(row: object): object {
  const narrow = ['advantage', 'reward', 'entropy', 'target_logprob', 'difficulty_entropy']
  const isNarrow = (name: string, value: unknown) =>
    narrow.includes(name) && typeof value === 'number' && !('reward_std' in row)
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, isNarrow(name, value) ? Math.fround(value) : value]),
  )
}
