import {
  type DataType,
  Field,
  Int32,
  Int64,
  LargeUtf8,
  List,
  makeData,
  makeVector,
  Null,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import {expect, it} from 'vitest'
import {readArrow} from '../../../../src/core/corpus/readers/read-arrow.js'
import {RowFault} from '../../../../src/core/corpus/readers/row-fault.js'
import {write} from '../read-folder.js'

const text = new Utf8()
const listOf = (type: DataType) => new List(new Field('item', type, true))
const messages = (content: DataType) =>
  listOf(new Struct([new Field('role', text, true), new Field('content', content, true)]))

/** Row by row, the text or the reason why there is none. */
async function read(values: readonly unknown[], type: DataType): Promise<string[]> {
  return contents(write('a.arrow', tableToIPC(new Table({x: vectorFromArray(values, type)}), 'stream')), 'x')
}

async function contents(path: string, textField: string): Promise<string[]> {
  const found: string[] = []
  for await (const {content} of readArrow(path, {textField}))
    found.push(content instanceof RowFault ? content.reason : JSON.stringify(content))
  return found
}

const said = (...contents: string[]) => JSON.stringify({messages: contents.map((content) => ({role: 'user', content}))})

it('nulls of Arrow tables are none of the values around them, at whatever depth', async () => {
  const ask = {role: 'user', content: 'q'}
  expect(await read(['a', null, ''], text)).toEqual(['"a"', 'null', 'empty'])
  const chats = [[ask, ask], [ask, null], [{...ask, content: null}], [], null]
  expect(await read(chats, messages(text))).toEqual([said('q', 'q'), 'not-text', 'not-text', 'empty', 'null'])
  const parts = [
    ['a', 'b'],
    ['a', null],
  ].map((content) => [{role: 'user', content}])
  expect(await read(parts, messages(listOf(text)))).toEqual([said('ab'), 'not-text'])
})

it('lists of Arrow tables are those of their rows', async () => {
  const rows = [['a'], ['b', 'c'], ['d']].map((contents) => contents.map((content) => ({role: 'user', content})))
  expect(await read(rows, messages(text))).toEqual([said('a'), said('b', 'c'), said('d')])
})

it('texts of Arrow tables may have offsets of 64 bits', async () => {
  expect(await read(['a', null, 'bc'], new LargeUtf8())).toEqual(['"a"', 'null', '"bc"'])
})

it('integers of 64 bits in messages of Arrow tables are numbers, or texts where no number holds them', async () => {
  const fields = [new Field('role', text, true), new Field('content', text, true), new Field('n', new Int64(), true)]
  const chat = (n: bigint) => [{role: 'user', content: 'q', n}]
  const [small, large] = await read([chat(7n), chat(2n ** 60n)], listOf(new Struct(fields)))
  expect(JSON.parse(small).messages[0].n).toBe(7)
  expect(JSON.parse(large).messages[0].n).toBe('1152921504606846976')
})

it('columns of nulls alone in Arrow tables are passed over, and are null where they are asked for', async () => {
  const nothing = makeVector(makeData({type: new Null(), length: 2}))
  const columns = {nothing, x: vectorFromArray(['a', 'b'], text), after: vectorFromArray([1, 2], new Int32())}
  const path = write('a.arrow', tableToIPC(new Table(columns), 'stream'))
  expect(await contents(path, 'x')).toEqual(['"a"', '"b"'])
  expect(await contents(path, 'nothing')).toEqual(['null', 'null'])
})

it('a file that apache-arrow for JavaScript wrote is refused as what it is, and a file that is cut as damaged', async () => {
  const bytes = tableToIPC(new Table({x: vectorFromArray(['a'], text)}), 'file')
  const reading = (path: string) => readArrow(path, {textField: 'x'}).next()
  await expect(reading(write('javascript.arrow', bytes))).rejects.toThrow(/its schema is only at its end/)
  await expect(reading(write('cut.arrow', bytes.subarray(0, -6)))).rejects.toThrow(/not a complete Arrow table/)
})
