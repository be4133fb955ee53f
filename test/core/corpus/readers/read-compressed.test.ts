import {readFileSync} from 'node:fs'
import {gzipSync} from 'node:zlib'
import {describe, expect, it} from 'vitest'
import {maxDocumentBytes} from '../../../../src/core/corpus/readers/decode.js'
import {decompressZstd, parseFrameHeader} from '../../../../src/core/corpus/readers/decompress-zstd.js'
import {RowBytes} from '../../../../src/core/corpus/readers/row-bytes.js'
import {failureOf, fixture, read, textsOf, write} from '../read-folder.js'

const line = (text: string) => `${JSON.stringify({text})}\n`
const one = gzipSync(line('one'))
const two = gzipSync(line('two'))

/** A Zstandard frame of stored blocks; its window is what is given, or its content. */
function frame(content: string, {descriptor = 0x20, window = [] as number[], size = content.length} = {}): Buffer {
  const bytes = Buffer.from(content)
  const header = Buffer.of(0x28, 0xb5, 0x2f, 0xfd, descriptor, ...window, ...(descriptor & 0x20 ? [size] : []))
  const block = Buffer.alloc(3)
  block.writeUIntLE((bytes.length << 3) | 1, 0, 3)
  return Buffer.concat([header, block, bytes])
}
const skippable = Buffer.concat([Buffer.of(0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0), Buffer.from('abc')])
const rows = readFileSync(fixture('rows.jsonl.zst'))
const expectedRows = Array.from({length: 8000}, (_, i) => `row ${i} of ${(i * i) % 97}`)

describe('compressed documents', () => {
  it('are read from gzip, several members too, and keep their row numbers', async () => {
    expect(await read(write('a.jsonl.gz', Buffer.concat([one, two])))).toEqual([
      {docId: 'a.jsonl.gz:1', text: 'one'},
      {docId: 'a.jsonl.gz:2', text: 'two'},
    ])
    expect(await textsOf(write('A.NDJSON.GZ', one))).toEqual(['one'])
  })

  it('may be texts', async () => {
    expect(await read(write('a.txt.gz', gzipSync('a\nb')))).toEqual([{docId: 'a.txt.gz:1', text: 'a\nb'}])
    expect(await textsOf(write('a.md.zst', frame('# a')))).toEqual(['# a'])
  })

  it('are read from Zstandard as another library writes it', async () => {
    expect(await textsOf(fixture('rows.jsonl.zst'))).toEqual(expectedRows)
  })

  it('are read from several Zstandard frames, with frames to skip between them', async () => {
    const file = Buffer.concat([
      skippable,
      frame(line('one')),
      skippable,
      frame(''),
      frame(line('two')),
      rows,
      skippable,
    ])
    expect(await textsOf(write('a.jsonl.zst', file))).toEqual(['one', 'two', ...expectedRows])
  })

  it('are decompressed the same however the bytes arrive', async () => {
    const inPieces = async (bytes: Buffer, size: number) => {
      async function* pieces() {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
      }
      const parts = []
      for await (const part of decompressZstd(pieces())) parts.push(part)
      return Buffer.concat(parts).toString()
    }
    const bytes = Buffer.concat([frame('a'), skippable, rows])
    const whole = await inPieces(bytes, bytes.length)
    expect(whole).toBe(`a${expectedRows.map((text) => `{"text": "${text}"}\n`).join('')}`)
    for (const size of [1, 999]) expect(await inPieces(bytes, size)).toBe(whole)
  })

  it('end at the limit, and what is after it is not decompressed', async () => {
    const file = write('a.jsonl.zst', Buffer.concat([frame(line('one')), Buffer.from('no frame')]))
    expect(await textsOf(file, {limit: 1})).toEqual(['one'])
  })
})

describe('compressed documents that cannot be read are refused with the file', () => {
  it.each<[string, string, Uint8Array, RegExp]>([
    ['gzip cut off', 'a.jsonl.gz', one.subarray(0, -9), /a\.jsonl\.gz cannot be decompressed: unexpected end of file/],
    ['gzip without its end', 'a.jsonl.gz', one.subarray(0, -4), /cannot be decompressed: unexpected end of file/],
    [
      'gzip with a wrong sum',
      'a.jsonl.gz',
      Buffer.from(one).fill(0, one.length - 8, one.length - 4),
      /cannot be decompressed: incorrect data/,
    ],
    ['no gzip', 'a.jsonl.gz', Buffer.from(line('one')), /cannot be decompressed: incorrect header check/],
    ['something after gzip', 'a.jsonl.gz', Buffer.concat([one, Buffer.from('xyz')]), /cannot be decompressed/],
    ['Zstandard cut off', 'a.jsonl.zst', rows.subarray(0, -1), /a\.jsonl\.zst cannot be decompressed: unexpected end/],
    [
      'Zstandard cut in half',
      'a.jsonl.zst',
      rows.subarray(0, rows.length / 2),
      /cannot be decompressed: unexpected end/,
    ],
    ['a header of Zstandard', 'a.jsonl.zst', rows.subarray(0, 5), /cannot be decompressed: unexpected end/],
    ['no Zstandard', 'a.jsonl.zst', Buffer.from(line('one')), /does not continue with a Zstandard frame/],
    ['a byte after Zstandard', 'a.jsonl.zst', Buffer.concat([frame('x'), Buffer.of(1)]), /unexpected end of file/],
    ['broken Zstandard', 'a.jsonl.zst', Buffer.from(rows).fill(0xff, 2000, 2400), /cannot be decompressed/],
    [
      'a frame that lies about its size',
      'a.jsonl.zst',
      frame('abc', {size: 4}),
      /holds 3 bytes, but its header says 4/,
    ],
    ['a window of 2 GiB', 'a.jsonl.zst', frame('', {descriptor: 0, window: [21 << 3]}), /a window of 2147483648 bytes/],
    ['an empty file', 'a.jsonl.gz', Buffer.alloc(0), /holds no documents|unexpected end/],
    ['an empty file', 'a.jsonl.zst', Buffer.alloc(0), /holds no documents/],
  ])('%s: %s', async (_, name, bytes, message) => {
    expect((await failureOf(write(name, bytes))).message).toMatch(message)
  })

  it('a row in them, with its number', async () => {
    expect((await failureOf(write('a.jsonl.gz', Buffer.concat([one, gzipSync('{"text": 3}')])))).message).toMatch(
      /a\.jsonl\.gz:2: field text is a number/,
    )
  })

  it('a file that is not there', async () => {
    expect((await failureOf('/no/such.jsonl.gz')).message).toMatch(/no such file/)
  })
})

describe('one line', () => {
  it('of more than 64 MiB is refused before it fills the memory, with its number', async () => {
    const mebibyte = Buffer.alloc(2 ** 20, 0x20)
    const spaces = gzipSync(Buffer.concat(Array.from({length: 70}, () => mebibyte)))
    const bomb = Buffer.concat([one, spaces])
    expect((await failureOf(write('a.jsonl.gz', bomb))).message).toMatch(/a\.jsonl\.gz:2 is longer than 64 MiB/)
    const values = Buffer.concat([gzipSync('{"text":\n"one"} x'), spaces])
    expect((await failureOf(write('a.json.gz', values))).message).toMatch(/a\.json\.gz:2 is longer than 64 MiB/)
    expect((await failureOf(write('a.txt.gz', bomb))).message).toMatch(/a\.txt\.gz is longer than 64 MiB/)
  })
})

it('bytes of a row are kept up to the limit, and once it is known that they are too many, none are', () => {
  const row = new RowBytes()
  const most = Buffer.alloc(maxDocumentBytes)
  expect([row.add(most), row.isTooLong, row.add(Buffer.of(1)), row.isTooLong, row.add(Buffer.of(1))]).toEqual([
    ...[false, false],
    ...[true, true],
    false,
  ])
  expect(row.take()).toHaveLength(0)
  expect([row.isEmpty, row.add(Buffer.from('a')), row.add(Buffer.from('b')), row.take().toString()]).toEqual([
    ...[true, false, false],
    'ab',
  ])
})

it('a frame header says its window, its size and whether a checksum follows', () => {
  expect(parseFrameHeader(Buffer.of(0x04, (10 << 3) | 3))).toEqual({
    windowBytes: 2 ** 20 + 3 * 2 ** 17,
    contentBytes: null,
    hasChecksum: true,
  })
  expect(parseFrameHeader(Buffer.of(0x60, 0x01, 0x02))).toMatchObject({windowBytes: 769, contentBytes: 769})
  expect(parseFrameHeader(Buffer.of(0xe2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0))).toMatchObject({contentBytes: 1})
})
