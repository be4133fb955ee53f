import {readdirSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {BadRows} from '../../../../src/core/corpus/bad-rows.js'
import {readDocuments} from '../../../../src/core/corpus/documents.js'
import {failureOf, fixture, textsOf} from '../read-folder.js'
import {type Column, type Node, type Value, writeParquet} from './write-parquet.js'

const text: Node = {name: 'text', is: 'required'}
const listOf = (name: string, ...children: Node[]): Node => ({
  name,
  is: 'optional',
  children: [{name: 'list', is: 'repeated', children: [{name: 'element', is: 'optional', children}]}],
})
const optional = (name: string): Node => ({name, is: 'optional'})
const messages = listOf('messages', optional('role'), optional('content'))
const chatTemplate = {file: 'x', source: '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}', tokens: {}}

const textColumn = (texts: readonly string[], changes: Partial<Column> = {}): Column => ({
  path: ['text'],
  values: texts.map((one): Value => [one, 0, 0]),
  ...changes,
})
const written = (changes: Partial<Column>) => writeParquet([text], [textColumn(['one', 'two'], changes)], 2)
const chat = (roles: readonly Value[], contents: readonly Value[], rows: number) =>
  writeParquet(
    [messages],
    [
      {path: ['messages', 'list', 'element', 'role'], values: roles},
      {path: ['messages', 'list', 'element', 'content'], values: contents},
    ],
    rows,
  )

describe('Parquet as other writers may make it', () => {
  it('has page headers with long statistics', async () => {
    // A writer that cuts statistics at 4 KiB makes headers of 8 KiB.
    for (const length of [0, 4096, 20_000])
      expect(await textsOf(written({statistic: 'x'.repeat(length)}))).toEqual(['one', 'two'])
  })

  it('has pages that hold no values, and a dictionary said to be at 0 where there is none', async () => {
    expect(await textsOf(written({hasIndex: true}))).toEqual(['one', 'two'])
    expect(await textsOf(written({dictionaryAt: 0}))).toEqual(['one', 'two'])
  })

  it('has a column with a dot in its name beside a record of that name', async () => {
    const record: Node = {name: 'a', is: 'required', children: [{name: 'b', is: 'required'}]}
    const columns = [textColumn(['inner'], {path: ['a', 'b']}), textColumn(['own'], {path: ['a.b']})]
    const file = writeParquet([record, {name: 'a.b', is: 'required'}], columns, 1)
    expect(await textsOf(file, {textField: 'a.b'})).toEqual(['own'])
  })

  it('has records whose names begin alike, dots and all', async () => {
    const record = (name: string, field: string): Node => ({
      name,
      is: 'required',
      children: [{name: field, is: 'required'}],
    })
    const columns = [textColumn(['x'], {path: ['a', 'x']}), textColumn(['own'], {path: ['a.b', 'c']})]
    const file = writeParquet([record('a', 'x'), record('a.b', 'c')], columns, 1)
    expect(await textsOf(file, {textField: 'a.b.c'})).toEqual(['own'])
  })

  it('has messages that are null in a list, whose row is named and not read without them', async () => {
    const first: Value[] = [
      ['user', 4, 0],
      ['', 2, 1],
    ]
    const contents: Value[] = [
      ['q', 4, 0],
      ['', 2, 1],
    ]
    const second: Value = ['user', 4, 0]
    const path = chat([...first, second], [...contents, ['r', 4, 0]], 2)
    const badRows = new BadRows('skip')
    const found = []
    for await (const document of readDocuments({path, textField: 'messages', chatTemplate}, badRows))
      found.push(document.text)
    expect([found, badRows.summary.reasons]).toEqual([['<user>r'], {'not-text': 1}])
  })
})

describe('Parquet that contradicts itself is refused', () => {
  const [first, next]: Value[] = [
    ['a', 4, 0],
    ['b', 4, 1],
  ]
  it.each<[string, () => string, RegExp]>([
    ['lists that begin elsewhere', () => chat([first, next], [first, first], 1), /have lists of different lengths/],
    ['a list without a beginning', () => chat([next], [next], 1), /have lists of different lengths/],
    ['columns that end elsewhere', () => chat([first, next], [first], 1), /columns have different numbers of values/],
  ])('%s', async (_, make, message) => {
    expect((await failureOf(make(), {textField: 'messages', chatTemplate})).message).toMatch(message)
  })

  it.each<[string, () => string, RegExp]>([
    ['a page that goes on after its column', () => written({missing: 1}), /a page ends after the end of its column/],
    ['a page of another size', () => written({unpacked: 13}), /a page has 14 bytes, but its header says 13/],
    ['too many values', () => written({claimed: 2 ** 24 + 1}), /has 16777217 values; at most 16777216 are read/],
    ['more values than rows', () => writeParquet([text], [textColumn(['a', 'b'])], 1), /has 2 values in .* of 1 rows/],
  ])('%s', async (_, make, message) => {
    expect((await failureOf(make())).message).toMatch(message)
  })

  it.each([
    ['messages.list.element.role', fixture('nested-v1.parquet')],
    ['threads.list.element', writeParquet([text, {...listOf('threads'), children: threads()}], [textColumn(['a'])], 1)],
  ])('texts and messages within a list: %s', async (textField, file) => {
    expect((await failureOf(file, {textField})).message).toMatch(/lies in a list/)
  })
})

/** A list of lists of messages. */
function threads(): Node[] {
  return [{name: 'list', is: 'repeated', children: [{...messages, name: 'element'}]}]
}

it.runIf(process.platform === 'linux')(
  'a file is closed when it is read, when it is left, and when it is refused',
  async () => {
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    for (let round = 0; round < 3; round++) {
      await textsOf(written({}))
      await textsOf(written({}), {limit: 1})
      await failureOf(written({missing: 1}))
    }
    expect(open()).toBe(before)
  },
)
