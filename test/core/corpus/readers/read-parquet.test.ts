import {readdirSync, readFileSync} from 'node:fs'
import {dirname} from 'node:path'
import {describe, expect, it} from 'vitest'
import {failureOf, fixture, read, textsOf, write} from '../read-folder.js'

const problems = ['1 + 1?', 'Größe 中 😀', 'line\nbreak', 'x'.repeat(300), '1 + 1?']
const solutions = ['2', '3', '4', '5', '2']
const kinds = readdirSync(dirname(fixture('a'))).filter((name) => /^(codec|groups|plain|pages|delta)/.test(name))

describe('documents of Parquet', () => {
  it.each(kinds)('are the texts of their columns: %s', async (name) => {
    expect(await textsOf(fixture(name), {textField: 'problem'})).toEqual(problems)
    expect(await textsOf(fixture(name), {textField: ['solution', 'problem'], separator: ' <- '})).toEqual(
      problems.map((problem, i) => `${solutions[i]} <- ${problem}`),
    )
  })

  it('are there in all kinds that the fixture script writes', () => {
    expect(kinds).toHaveLength(12)
  })

  it('are named by file and row, across row groups', async () => {
    const documents = await read(fixture('groups.parquet'), {textField: 'solution'})
    expect(documents.map(({docId}) => docId)).toEqual([1, 2, 3, 4, 5].map((row) => `groups.parquet:${row}`))
  })

  it('end at the limit', async () => {
    expect(await textsOf(fixture('pages.parquet'), {textField: 'hint', limit: 1})).toEqual(['a'])
  })
})

const bytes = readFileSync(fixture('plain.parquet'))

describe('Parquet that cannot be read is refused', () => {
  it.each<[string, string, string, RegExp]>([
    ['null', 'pages-v2.parquet', 'hint', /pages-v2\.parquet:2: field hint is null; expected a text/],
    ['null', 'codec-snappy.parquet', 'hint', /codec-snappy\.parquet:2: field hint is null; expected a text/],
    ['nothing but null', 'nulls-v2.parquet', 'text', /nulls-v2\.parquet:1: field text is null/],
    ['numbers', 'plain.parquet', 'level', /plain\.parquet: column level holds values of type INT64; expected texts/],
    ['bytes', 'plain.parquet', 'raw', /column raw holds values of type BYTE_ARRAY; expected texts/],
    ['structs', 'plain.parquet', 'meta', /column meta holds nested values; expected texts/],
    ['lists', 'plain.parquet', 'tags', /column tags holds nested values; expected texts/],
    ['a missing column', 'plain.parquet', 'constructor', /column constructor is missing/],
    ['no UTF-8', 'latin1.parquet', 'text', /latin1\.parquet:2: field text is not UTF-8/],
    ['no rows', 'empty.parquet', 'problem', /empty\.parquet holds no documents/],
  ])('%s: %s', async (_, name, textField, message) => {
    expect((await failureOf(fixture(name), {textField})).message).toMatch(message)
  })

  it('a missing column comes with those that could be meant', async () => {
    const {suggestions} = await failureOf(fixture('plain.parquet'))
    expect(suggestions).toEqual(['set data.textField to one of problem, solution, hint, meta.source'])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['cut in half', bytes.subarray(0, bytes.length / 2), /a\.parquet is not a complete Parquet file/],
    ['empty', bytes.subarray(0, 0), /a\.parquet is not a complete Parquet file/],
    ['its magic word alone', Buffer.from('PAR1'), /a\.parquet is not a complete Parquet file/],
    ['without its beginning', bytes.subarray(1000), /cannot be decoded|ends at byte/],
    ['with a hole', Buffer.from(bytes).fill(0xff, 4, 800), /column problem cannot be decoded/],
    ['with zeros', Buffer.from(bytes).fill(0, 4, 800), /column problem cannot be decoded/],
    ['a footer that is larger than the file', Buffer.from('PAR1????\xff\xff\xff\x7fPAR1', 'latin1'), /its footer says/],
    [
      'a footer of noise',
      Buffer.from('PAR1\x19\x7c\xff\xff\xff\xff\x06\0\0\0PAR1', 'latin1'),
      /footer .*cannot be decoded/,
    ],
  ])('%s', async (_, content, message) => {
    expect((await failureOf(write('a.parquet', content), {textField: 'problem'})).message).toMatch(message)
  })

  it('with fewer values than its footer says', async () => {
    // Field 'num_rows' of the row group: type and difference of field numbers, then 5 as zigzag; 6 is put instead.
    const places = [...bytes.keys()].filter(
      (at) => at > bytes.length / 2 && bytes[at] === 0x16 && bytes[at + 1] === 0x0a,
    )
    const messages = places.map(async (at) => {
      const changed = Buffer.from(bytes)
      changed[at + 1] = 0x0c
      return String(await read(write('a.parquet', changed), {textField: 'problem'}).catch((error) => error.message))
    })
    expect((await Promise.all(messages)).join()).toMatch(/column problem has 5 values in a row group of 6 rows/)
  })

  it('whichever byte is cut from its end', async () => {
    for (let length = 0; length < bytes.length; length += 97)
      await failureOf(write('a.parquet', bytes.subarray(0, length)), {textField: 'problem'})
  })

  it('or any byte is changed: never anything but documents or one clear error', async () => {
    const packed = readFileSync(fixture('pages-v2-snappy.parquet'))
    for (let at = 0; at < packed.length; at += 7) {
      const changed = Buffer.from(packed)
      changed[at] ^= 0xff
      const result = await read(write('a.parquet', changed), {textField: 'problem'}).catch((error) => error)
      if (Array.isArray(result)) expect(result).toHaveLength(5)
      else expect(result.name, `byte ${at}: ${result.stack}`).toBe('DataError')
    }
  })

  it('a file that is not there', async () => {
    expect((await failureOf('/no/such.parquet')).message).toMatch(/no such file/)
  })

  it('with another compression around it', async () => {
    expect((await failureOf(write('a.parquet.gz', 'x'))).message).toMatch(/cannot be read; supported: .*\.parquet/)
  })
})
