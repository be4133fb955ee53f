import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {failureOf, read} from './read-folder.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-documents-'))
})

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name)
  mkdirSync(join(file, '..'), {recursive: true})
  writeFileSync(file, content)
  return file
}

const line = (text: string) => `${JSON.stringify({text})}\n`

describe('documents', () => {
  it('of JSONL are named by file and line, blank lines counted', async () => {
    const file = write('a.jsonl', `${line('one')}\n   \n${line('two')}{"text": "three", "more": 1}`)
    expect(await read(file)).toEqual([
      {docId: 'a.jsonl:1', text: 'one'},
      {docId: 'a.jsonl:4', text: 'two'},
      {docId: 'a.jsonl:5', text: 'three'},
    ])
  })

  it('keep every character of their text', async () => {
    const texts = ['\u2028 and \u2029', ' \r\n\t ', 'é 中 \u{1f600}', '\ufeffmark', '\u0000', '\u0085']
    // JSON.stringify leaves line separators as they are.
    const file = write('a.jsonl', texts.map(line).join(''))
    expect((await read(file)).map(({text}) => text)).toEqual(texts)
  })

  it('survive characters that are cut by the size of a read', async () => {
    const texts = Array.from({length: 40}, (_, i) => `${'x'.repeat(i)}${'\u{1f600}é'.repeat(3000)}`)
    const file = write('a.jsonl', texts.map(line).join(''))
    expect((await read(file)).map(({text}) => text)).toEqual(texts)
  })

  it('may have a byte order mark before them and carriage returns at line ends', async () => {
    const file = write('a.jsonl', `\ufeff${line('one').trimEnd()}\r\n${line('two').trimEnd()}\r\n`)
    expect((await read(file)).map(({text}) => text)).toEqual(['one', 'two'])
  })

  it('can be whole text files', async () => {
    expect(await read(write('a.txt', 'a\nb\n'))).toEqual([{docId: 'a.txt:1', text: 'a\nb\n'}])
    expect(await read(write('b.md', '# a'))).toEqual([{docId: 'b.md:1', text: '# a'}])
  })

  it('come from any field that is named', async () => {
    const file = write('a.jsonl', '{"solution": "1", "text": "2"}')
    expect(await read(file, {textField: 'solution'})).toEqual([{docId: 'a.jsonl:1', text: '1'}])
  })

  it('join several fields in the order in which they are listed, by an empty line or what is given', async () => {
    const file = write('a.jsonl', '{"solution": "s\\n", "problem": "p"}')
    const textField = ['problem', 'solution']
    expect((await read(file, {textField}))[0].text).toBe('p\n\ns\n')
    expect((await read(file, {textField, separator: ''}))[0].text).toBe('ps\n')
    expect((await read(file, {textField: ['solution', 'problem'], separator: '|'}))[0].text).toBe('s\n|p')
  })

  it('of a folder come in the order of file names, searched through, other files left out', async () => {
    for (const name of ['b.jsonl', 'a.ndjson', 'sub/c.ndjson', 'sub/a.jsonl']) write(name, line(name))
    write('.DS_Store', 'x')
    write('notes.pdf', 'x')
    mkdirSync(join(folder, 'folder.jsonl'))
    expect((await read(folder)).map(({docId}) => docId)).toEqual([
      'a.ndjson:1',
      'b.jsonl:1',
      'sub/a.jsonl:1',
      'sub/c.ndjson:1',
    ])
  })

  it('end at the limit, and what is after it is not looked at', async () => {
    write('a.jsonl', `${line('one')}${line('two')}{broken`)
    write('b.jsonl', '{broken')
    expect((await read(folder, {limit: 2})).map(({text}) => text)).toEqual(['one', 'two'])
    await failureOf(folder, {limit: 3})
  })
})

describe('documents that cannot be read are refused, with file and line', () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ['malformed JSON', `${line('one')}\n{"text": "tw`, /a\.jsonl:3 is not JSON/],
    ['a row that is a list', `${line('one')}["two"]`, /a\.jsonl:2 is not a JSON object; expected \{"text": "\.\.\."\}/],
    ['a row that is a text', '"one"', /a\.jsonl:1 is not a JSON object/],
    ['a row that is null', 'null', /a\.jsonl:1 is not a JSON object/],
    ['a missing field', '{"id": 3}', /a\.jsonl:1: field text is missing; expected a text/],
    ['a number', '{"text": 3}', /a\.jsonl:1: field text is a number; expected a text/],
    ['null', '{"text": null}', /a\.jsonl:1: field text is null; expected a text/],
    ['a list of texts', '{"text": ["a"]}', /a\.jsonl:1: field text is a list; expected a text/],
    ['an empty text', '{"text": ""}', /a\.jsonl:1: field text is empty; expected a text/],
    ['half a surrogate pair', '{"text": "a\\ud800"}', /a\.jsonl:1: field text has half a surrogate pair/],
    ['no UTF-8', Buffer.concat([Buffer.from(line('a')), Buffer.of(0x22, 0xff, 0x22)]), /a\.jsonl:2 is not UTF-8/],
    ['an empty file', '', /holds no documents/],
    ['only blank lines', '\n \n', /holds no documents/],
  ])('%s', async (_, content, message) => {
    expect((await failureOf(write('a.jsonl', content))).message).toMatch(message)
  })

  it('one of several fields', async () => {
    const file = write('a.jsonl', '{"problem": "p", "solution": "s"}\n{"problem": "p", "solution": ""}')
    const {message} = await failureOf(file, {textField: ['problem', 'solution']})
    expect(message).toMatch(/a\.jsonl:2: field solution is empty; expected a text/)
  })

  it('a missing field comes with the fields that could be meant', async () => {
    const {suggestions} = await failureOf(write('a.jsonl', '{"problem": "p", "level": 3, "solution": "s", "x": ""}'))
    expect(suggestions).toEqual([
      'set data.textField to one of problem, solution',
      '--set data.onBadRow=skip leaves such rows out, and counts them',
    ])
  })

  it('a field that every object inherits is missing, too', async () => {
    const {message} = await failureOf(write('a.jsonl', '{"text": "a"}'), {textField: 'constructor'})
    expect(message).toMatch(/field constructor is missing/)
  })

  it('an empty text file', async () => {
    expect((await failureOf(write('a.txt', ''))).message).toMatch(/a\.txt is empty/)
  })

  it('a text file that is no UTF-8', async () => {
    expect((await failureOf(write('a.txt', Buffer.of(0x61, 0xe9)))).message).toMatch(/a\.txt is not UTF-8/)
  })

  it('a file that is not there', async () => {
    const {message} = await failureOf(join(folder, 'none.jsonl'))
    expect(message).toMatch(/none\.jsonl: no such file/)
  })

  it('a folder without documents', async () => {
    write('a.pdf', 'x')
    expect((await failureOf(folder)).message).toMatch(
      /holds no documents; passed over: of a kind that is not read \(1: a\.pdf\); supported: \.jsonl/,
    )
  })

  it.each(['a.pdf', 'a'])('a file of another type: %s', async (name) => {
    expect((await failureOf(write(name, 'x'))).message).toMatch(/cannot be read; supported: \.jsonl, .*\.txt/)
  })
})
