import {gzipSync} from 'node:zlib'
import {describe, expect, it} from 'vitest'
import {BadRows} from '../../../src/core/corpus/bad-rows.js'
import {readDocuments} from '../../../src/core/corpus/documents.js'
import {maxDocumentBytes} from '../../../src/core/corpus/readers/decode.js'
import {failureOf, read, textsOf, write} from './read-folder.js'

describe('documents of CSV', () => {
  // Expectations are what Python's csv and pandas.read_csv give, but for the carriage return, which pandas takes for a line end.
  it.each<[string, string, string[]]>([
    ['quotes, commas and line ends in quotes', 'text,n\na,1\n"b ""q"" , x",2\n"c\nd",3\n', ['a', 'b "q" , x', 'c\nd']],
    ['CRLF', 'text,n\r\na,1\r\n"b\r\nc",2\r\n', ['a', 'b\r\nc']],
    ['both line ends', 'text,n\na,1\r\nb,2\n', ['a', 'b']],
    ['carriage returns alone', 'text,n\ra,1\rb,2\r', ['a', 'b']],
    ['a carriage return within a value', 'text,n\na\rb,1\nc,2\n', ['a\rb', 'c']],
    ['a byte order mark', '\ufefftext,n\na,1\n', ['a']],
    ['no line end at the end', 'text,n\na,1\nb,2', ['a', 'b']],
    ['blank lines', 'text,n\na,1\n\n\nb,2\n', ['a', 'b']],
    ['a quote within a value', 'text,n\n5" pipe,1\nb,2\n', ['5" pipe', 'b']],
    ['spaces', 'text,n\n  a  , 1\n', ['  a  ']],
    ['words that mean nothing to pandas', 'text,n\nNA,1\nnull,2\n', ['NA', 'null']],
    ['quotes around the header', '"text","n"\n"a","1"\n', ['a']],
    [
      'what follows a closing quote',
      'text,n\n\n"x" ,1\n"a"b"c", "2"\n"y",3\n"""q"" é" r,4\n',
      ['x ', 'ab"c"', 'y', '"q" é r'],
    ],
    [
      'line ends of Windows beside quotes',
      'n,text\r\n1,"""a"""\r\n\r\n"""2,","""b" c\r\n3,"""d"\re\r\r\n\r\n4,"""f"',
      ['"a"', '"b c', '"d\re\r', '"f'],
    ],
    ['what begins with a quote of its own', 'text,n\n"""a"", b","1"\n', ['"a", b']],
    ['line separators of Unicode', 'text\na\u2028b\n', ['a\u2028b']],
  ])('%s', async (_, content, texts) => {
    expect(await textsOf(write('a.csv', content))).toEqual(texts)
    expect(await textsOf(write('a.csv.gz', gzipSync(content)))).toEqual(texts)
  })

  it('are named by their row, header and blank lines aside', async () => {
    const documents = await read(write('a.csv', 'text,n\n"a\nb",1\n\nc,2\n'))
    expect(documents.map(({docId}) => docId)).toEqual(['a.csv:1', 'a.csv:2'])
  })

  it('are joined from columns, and a column may have a dot in its name', async () => {
    const file = write('a.tsv', 'q\tx.a\n1, 2\t"3\t4"\n')
    expect(await textsOf(file, {textField: ['x.a', 'q'], separator: '|'})).toEqual(['3\t4|1, 2'])
  })

  it('survive values that are cut by the size of a read', async () => {
    const texts = Array.from({length: 40}, (_, i) => `${'x'.repeat(i)}"${'\u{1f600}é\n'.repeat(3000)}`)
    expect(
      await textsOf(write('a.csv', `text\n${texts.map((text) => `"${text.replaceAll('"', '""')}"\n`).join('')}`)),
    ).toEqual(texts)
  })

  it('say what separates the columns of a file that has no commas', async () => {
    const {suggestions} = await failureOf(write('a.csv', 'text;n\na;1\n'))
    expect(suggestions).toEqual([expect.stringContaining('";" seems to separate its columns')])
  })

  it.each<[string, string | Buffer, RegExp]>([
    ['a missing column', 'a,b\n1,2\n', /a\.csv: column text is missing in its header: a \| b/],
    ['another separator', 'text;n\na;1\n', /column text is missing in its header: text;n/],
    ['a column twice', 'text,text\n1,2\n', /header has column text twice/],
    ['too many values', 'text,n\na,1\nb,2,3\n', /a\.csv:2 has 3 values; the header has 2 columns/],
    ['an empty value', 'text,n\n,1\n', /a\.csv:1: field text is empty/],
    ['no UTF-8', Buffer.from('text\ncaf\xe9\n', 'latin1'), /a\.csv:1: field text is not UTF-8/],
    [
      'a quote without end',
      'text,n\na,1\n"b,2\nc,3\n',
      /after record 2, up to line 4: a quote is opened and not closed/,
    ],
    ['a header alone', 'text,n\n', /holds no documents/],
    ['nothing', '', /holds no documents/],
  ])('are refused: %s', async (_, content, message) => {
    expect((await failureOf(write('a.csv', content))).message).toMatch(message)
  })
})

describe('documents of JSON', () => {
  const rows = [{text: 'a [1, {2}] "q" \\'}, {x: {y: ['"', ']']}, text: 'é \u{1f600}'}, {text: 'c'}]
  const texts = rows.map(({text}) => text)
  it.each<[string, string]>([
    ['a list', JSON.stringify(rows)],
    ['a list on many lines', JSON.stringify(rows, null, 2)],
    ['a list with spaces around', `\n  ${JSON.stringify(rows, null, '\t')}\n\n`],
    ['a list after a byte order mark', `\ufeff${JSON.stringify(rows)}`],
    ['one object a line', rows.map((row) => JSON.stringify(row)).join('\n')],
    ['objects on many lines', rows.map((row) => JSON.stringify(row, null, 2)).join('\n')],
    ['objects without anything between', rows.map((row) => JSON.stringify(row, null, 2)).join('')],
  ])('are those of %s', async (_, content) => {
    const documents = await read(write('a.json', content))
    expect(documents.map(({docId, text}) => [docId, text])).toEqual(texts.map((text, i) => [`a.json:${i + 1}`, text]))
    expect(await textsOf(write('a.json.gz', gzipSync(content)))).toEqual(texts)
  })

  it('may be one object', async () => {
    expect(await textsOf(write('a.json', '{\n"text": "a"}'))).toEqual(['a'])
    expect(await textsOf(write('a.json', '{"text": "a"}'))).toEqual(['a'])
  })

  it('survive being cut by the size of a read anywhere', async () => {
    const many = Array.from({length: 3000}, (_, i) => ({text: `${'\\"'.repeat(i % 7)}${i} ]},{["`, n: [i, {i}]}))
    expect(await textsOf(write('a.json', JSON.stringify(many)))).toEqual(many.map(({text}) => text))
  })

  it('may have NaN in fields that nobody asks for', async () => {
    expect(await textsOf(write('a.json', '[{"text": "a", "score": NaN}, {"text": "b"}]'))).toEqual(['a', 'b'])
  })

  it('are left out one by one where they are none', async () => {
    const bad = ['{"text": ""}', '5', '"text"', '{"text": "a" "b"}', '', `{"text": "${'x'.repeat(maxDocumentBytes)}"}`]
    const file = write('a.json', `[{"text": "first"}, ${bad.join(', ')}, {"text": "last"}]`)
    const badRows = new BadRows('skip')
    const documents = []
    for await (const {docId, text} of readDocuments({path: file, textField: 'text'}, badRows))
      documents.push([docId, text])
    expect(documents).toEqual([
      ['a.json:1', 'first'],
      ['a.json:8', 'last'],
    ])
    expect(badRows.summary.reasons).toEqual({empty: 1, 'not-json': 2, 'not-object': 2, 'too-long': 1})
  })

  it('are told apart after a bracket too many', async () => {
    const file = write('a.json', '} {"text": "a", "x": {"y": 1}}\n{"text": "b"}')
    const badRows = new BadRows('skip')
    const found = []
    for await (const {text} of readDocuments({path: file, textField: 'text'}, badRows)) found.push(text)
    expect(found).toEqual(['a', 'b'])
    expect(badRows.summary.reasons).toEqual({'not-json': 1})
  })

  it.each<[string, string, RegExp]>([
    ['a list without end', '[{"text": "a"}, {"text": "b"}', /the JSON list has no end; the file may be truncated/],
    ['a list that ends as an object does', '[{"text": "a"}}', /the JSON list has no end/],
    ['a list that is cut in a text', '[{"text": "a"}, {"text": "b', /the JSON list has no end/],
    ['something behind a list', '[{"text": "a"}] x', /there is text after the end of the JSON list/],
    ['two lists', '[{"text": "a"}][{"text": "b"}]', /there is text after the end of the JSON list/],
    ['an empty list', '[]', /holds no documents/],
    ['an object around the rows', '{"data": [{"text": "a"}]}', /a\.json:1: field text is missing/],
    ['no JSON', 'text', /a\.json:1 is not JSON/],
  ])('are refused: %s', async (_, content, message) => {
    expect((await failureOf(write('a.json', content))).message).toMatch(message)
  })
})
