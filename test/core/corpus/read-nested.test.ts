import {cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {BadRows} from '../../../src/core/corpus/bad-rows.js'
import {type DocumentSource, readDocuments} from '../../../src/core/corpus/documents.js'
import {locateDocuments} from '../../../src/core/corpus/locate-documents.js'
import {savedFiles} from '../../../src/core/corpus/saved-dataset.js'
import {renderingLimits} from '../../../src/core/tokenizer/render-jinja.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {failureOf, fixture, read, textsOf, write} from './read-folder.js'

const template = {
  file: 'x.jinja',
  source: '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}',
  tokens: {},
}
const asJsonl = (...rows: unknown[]) => write('a.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))

/** What reading with `onBadRow: skip` gives, row by row: a text or a reason. */
async function outcomes(path: string, changes: Partial<DocumentSource>) {
  const badRows = new BadRows('skip')
  const texts: Record<string, string> = {}
  for await (const {docId, text} of readDocuments({path, textField: 'text', ...changes}, badRows))
    texts[docId.replace(/^.*:/, '')] = text
  return {texts, reasons: badRows.summary.reasons}
}

describe('nested fields', () => {
  it('are named with dots, and a field of that very name comes first', async () => {
    const rows = [
      {meta: {inner: {text: 'deep'}, 'a.b': 'dots'}, 'meta.inner.text': 'own'},
      {meta: {inner: {text: 'deep'}}},
    ]
    expect(await textsOf(asJsonl(...rows), {textField: 'meta.inner.text'})).toEqual(['own', 'deep'])
    expect(await textsOf(asJsonl(rows[0]), {textField: 'meta.a.b'})).toEqual(['dots'])
    expect(await textsOf(asJsonl(rows[0]), {textField: ['meta.inner.text', 'meta.a.b'], separator: '-'})).toEqual([
      'own-dots',
    ])
  })

  it.each<[string, object, RegExp]>([
    ['a list on the way', {meta: [{text: 'a'}]}, /a\.jsonl:1: field meta\.text: meta is a list; expected an object/],
    ['null on the way', {meta: null}, /field meta\.text: meta is null; expected an object/],
    ['a text on the way', {meta: 'a'}, /field meta\.text: meta is a string; expected an object/],
    ['nothing there', {meta: {}}, /field meta\.text is missing/],
    ['a name that objects inherit', {meta: {}, text: 'a'}, /field meta\.text is missing/],
    ['an object', {meta: {text: {}}}, /field meta\.text is an object; expected a text/],
  ])('are refused with what stands there: %s', async (_, row, message) => {
    expect((await failureOf(asJsonl(row), {textField: 'meta.text'})).message).toMatch(message)
  })

  it('are among those that could be meant', async () => {
    const {suggestions} = await failureOf(
      asJsonl({meta: {inner: {x: 'a'}}, messages: [{role: 'user', content: 'q'}], n: 1}),
    )
    expect(suggestions[0]).toBe('set data.textField to one of meta.inner.x, messages')
  })

  it.each(['nested-v1.parquet', 'nested-v2.parquet'])('of Parquet are read at any depth of null: %s', async (name) => {
    expect(await outcomes(fixture(name), {textField: 'meta.inner.text'})).toEqual({
      texts: {1: 'one', 5: 'five'},
      reasons: {null: 3},
    })
    expect(await textsOf(fixture(name), {textField: 'a.b'})).toEqual(new Array(5).fill('dots'))
    expect((await failureOf(fixture(name), {textField: 'messages.role'})).message).toMatch(
      /messages\.role lies in a list/,
    )
  })
})

describe('messages', () => {
  const ask = [
    {role: 'user', content: 'q'},
    {role: 'assistant', content: 'a é'},
  ]
  it('become the text that the chat template makes of them, in the order of the rows', async () => {
    const rows = Array.from({length: 300}, (_, i) =>
      i % 3 === 0 ? {x: `plain ${i}`} : {x: [{role: 'user', content: `${i}`}]},
    )
    const documents = await read(asJsonl(...rows), {textField: 'x', chatTemplate: template})
    expect(documents).toEqual(
      rows.map((_, i) => ({
        docId: `a.jsonl:${i + 1}`,
        ...(i % 3 === 0 ? {text: `plain ${i}`} : {text: `<user>${i}`, isChat: true}),
      })),
    )
  })

  it.each(['nested-v1.parquet', 'nested-v2.parquet'])(
    'of Parquet are put together from their columns: %s',
    async (name) => {
      expect(await outcomes(fixture(name), {textField: 'messages', chatTemplate: template})).toEqual({
        texts: {1: '<user>q<assistant>a é', 4: '<user>q<user>q<user>q'},
        reasons: {empty: 1, null: 1, 'not-text': 1},
      })
    },
  )

  it('may have their content in parts of text, and other fields for the template', async () => {
    const parts = [
      {type: 'text', text: 'a'},
      {type: 'text', text: 'b'},
    ]
    const source = '{% for m in messages %}{{ m.name }}:{{ m.content }}{% endfor %}'
    const row = {messages: [{role: 'user', name: 'Eve', content: parts}]}
    expect(await textsOf(asJsonl(row), {textField: 'messages', chatTemplate: {...template, source}})).toEqual([
      'Eve:ab',
    ])
  })

  it.each<[string, unknown, RegExp]>([
    ['an image', [{role: 'user', content: [{type: 'image'}]}], /message 1: part 1 is of type "image"; expected/],
    ['no content', [ask[0], {role: 'assistant'}], /message 2 \(assistant\) has no content/],
    ['a number for content', [{role: 'user', content: 5}], /message 1: content is a number/],
    ['no role', [ask[0], {content: 'a'}], /message 2 has no role/],
    ['words of ShareGPT', [{from: 'human', value: 'q'}], /message 1 has no role; expected \{"role"/],
    ['a list of texts', ['a', 'b'], /field x is a list; expected a text/],
    ['an empty list', [], /field x is an empty list/],
    ['half a surrogate pair', [{role: 'user', content: '\ud800'}], /has half a surrogate pair/],
    [
      'what the template refuses',
      [{role: 'bad', content: 'a'}],
      /the chat template x\.jinja does not take its messages: no bad/,
    ],
  ])('are refused by row: %s', async (_, x, message) => {
    const source = `{% if messages[0].role == 'bad' %}{{ raise_exception('no bad') }}{% endif %}${template.source}`
    const rows = asJsonl({x: ask}, {x})
    const changes = {textField: 'x', chatTemplate: {...template, source}}
    expect((await failureOf(rows, changes)).message).toMatch(message)
    expect((await outcomes(rows, changes)).texts).toEqual({1: '<user>q<assistant>a é'})
  })

  it('are an error where there is no template, which is not put down to the row', async () => {
    const {message, suggestions} = await failureOf(asJsonl({messages: ask}), {textField: 'messages'})
    expect(message).toMatch(/a\.jsonl:1 holds messages, but the tokenizer has no chat template/)
    expect(suggestions.join()).toMatch(/prompt\.chatTemplateFile/)
    await expect(outcomes(asJsonl({messages: ask}), {textField: 'messages'})).rejects.toThrow(/no chat template/)
  })

  it('cannot be joined with other fields', async () => {
    const {message} = await failureOf(asJsonl({x: ask, y: 'a'}), {textField: ['y', 'x'], chatTemplate: template})
    expect(message).toMatch(/field x is a list of messages, which must be the only field/)
  })

  it('share a process, and one of them that takes too long fails alone', async () => {
    const {timeoutMs} = renderingLimits
    renderingLimits.timeoutMs = 5000
    const endless = '{% if m.content == "long" %}{% for i in range(1000000000) %}{% endfor %}{% endif %}'
    const source = `{% for m in messages %}${endless}{{ m.content }}{% endfor %}`
    const rows = ['a', 'long', 'b'].map((content) => ({messages: [{role: 'user', content}]}))
    const reading = outcomes(asJsonl(...rows), {textField: 'messages', chatTemplate: {...template, source}})
    const found = await reading.finally(() => {
      renderingLimits.timeoutMs = timeoutMs
    })
    expect(found).toEqual({texts: {1: 'a', 3: 'b'}, reasons: {template: 1}})
  })
})

describe('Arrow tables', () => {
  it.each<[string, RegExp]>([
    ['packed.arrow', /packed\.arrow is an Arrow table that rpt cannot read: its batches are compressed/],
    ['words.arrow', /words\.arrow is .* rpt cannot read: it has a column that is encoded by a dictionary/],
  ])('that are not read are refused by name: %s', async (name, message) => {
    expect((await failureOf(fixture(name))).message).toMatch(message)
  })

  it('whose bytes are cut or changed give documents or one clear error', async () => {
    const bytes = readFileSync(fixture('saved/train_sft/data-00000-of-00002.arrow'))
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = Buffer.from(bytes)
      changed[at] ^= 0xff
      for (const content of [changed, bytes.subarray(0, at)]) {
        const result = await read(write('a.arrow', content)).catch((error) => error)
        if (!Array.isArray(result)) expect(result.name, `byte ${at}: ${result.stack}`).toBe('DataError')
      }
    }
  })

  it('end with a mark: a stream may lack it, a file may not', async () => {
    const mark = Buffer.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
    const withoutEnd = (name: string) => {
      const bytes = readFileSync(fixture(name))
      return write('a.arrow', bytes.subarray(0, bytes.lastIndexOf(mark)))
    }
    const stream = withoutEnd('saved/train_sft/data-00000-of-00002.arrow')
    expect(await textsOf(stream)).toEqual(['row 0', 'row 1', 'row 2'])
    await expect(outcomes(withoutEnd('large.arrow'), {})).rejects.toThrow(
      /a\.arrow is not a complete Arrow table: it is cut/,
    )
  })

  it.runIf(process.platform === 'linux')('are closed, when they are left and when they are refused too', async () => {
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    for (let round = 0; round < 3; round++) {
      await outcomes(fixture('large.arrow'), {})
      await textsOf(fixture('large.arrow'), {limit: 1})
      await failureOf(fixture('packed.arrow'))
    }
    expect(open()).toBe(before)
  })

  it('have the columns that could be meant in the message', async () => {
    const {message, suggestions} = await failureOf(fixture('large.arrow'), {textField: 'texts'})
    expect([message.replace(/^.*\//, ''), suggestions[0]]).toEqual([
      'large.arrow: column texts is missing',
      'set data.textField to one of text',
    ])
  })
})

describe('folders of save_to_disk', () => {
  const saved = dirname(fixture('saved/dataset_dict.json'))
  const services = {progress: silentProgress, signal: new AbortController().signal}
  const namesOf = async (documents: string, split: string, textField = 'text') => {
    const place = await locateDocuments({documents, split}, services)
    return (await read(place.path, {...place, textField, chatTemplate: template})).map(({docId, text}) => [docId, text])
  }

  it('are read split by split, as their own lists say', async () => {
    const [first, second] = ['train_sft/data-00000-of-00002.arrow', 'train_sft/data-00001-of-00002.arrow']
    expect(await namesOf(saved, 'train_sft')).toEqual([
      [`${first}:1`, 'row 0'],
      [`${first}:2`, 'row 1'],
      [`${first}:3`, 'row 2'],
      [`${second}:1`, 'row 3'],
      [`${second}:2`, 'row 4'],
    ])
    const only = 'train_gen/data-00000-of-00001.arrow:1'
    expect(await namesOf(saved, 'train_gen', 'meta.text')).toEqual([[only, 'deep 4']])
    expect(await namesOf(saved, 'train_gen', 'messages')).toEqual([[only, '<user>q<assistant>a é']])
    expect(await namesOf(saved, 'all')).toHaveLength(6)
    const passedBy = (split: string) => savedFiles(saved, {split, subset: undefined})?.others
    expect([passedBy('train_sft'), passedBy('all')]).toEqual([['train_gen'], []])
    await expect(namesOf(saved, 'train')).rejects.toThrow(/has no split train/)
  })

  it('say which of split and subset choose nothing in them', () => {
    const doubtsOf = (folder: string, split: string, subset?: string) => savedFiles(folder, {split, subset})!.doubts
    const alone = join(saved, 'train_gen')
    expect([doubtsOf(saved, 'train_sft'), doubtsOf(alone, 'train'), doubtsOf(alone, 'all')]).toEqual([[], [], []])
    expect(doubtsOf(saved, 'train_sft', 'x')).toEqual([
      expect.stringMatching(/without subsets: data\.subset chooses nothing/),
    ])
    for (const doubts of [doubtsOf(alone, 'dev'), doubtsOf(alone, 'train', 'x')])
      expect(doubts).toEqual([expect.stringMatching(/are read whole: data\.split and data\.subset choose/)])
  })

  it('that hold one data set are read whole, whatever lies beside', async () => {
    expect(readdirSync(join(saved, 'train_gen'))).toContain('cache-0123456789abcdef.arrow')
    expect(await namesOf(join(saved, 'train_gen'), 'train')).toEqual([['data-00000-of-00001.arrow:1', 'row 4']])
  })

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'a missing file',
      (folder) => rmSync(join(folder, 'data-00000-of-00001.arrow')),
      /names data-00000-of-00001\.arrow, which does not exist/,
    ],
    [
      'a way out',
      (folder) => change(folder, {_data_files: [{filename: '../x.arrow'}]}),
      /is not a file that save_to_disk .* writes: at _data_files/,
    ],
    [
      'a way out of Windows',
      (folder) => change(folder, {_data_files: [{filename: '..\\x.arrow'}]}),
      /is not a file that save_to_disk .* writes: at _data_files/,
    ],
    [
      'a selection',
      (folder) => change(folder, {_indices_data_files: [{filename: 'x'}]}),
      /selects some of the rows in its files/,
    ],
    ['no rows', (folder) => change(folder, {_data_files: []}), /holds no documents/],
    ['no JSON', (folder) => writeFileSync(join(folder, 'state.json'), '{'), /is not a file that save_to_disk/],
  ])('that are not whole are refused: %s', async (_, spoil, message) => {
    const folder = copyOf('train_gen')
    spoil(folder)
    await expect(namesOf(folder, 'train')).rejects.toThrow(message)
  })

  it('may have an empty list of selections: an older library wrote one where nothing is selected', async () => {
    const folder = copyOf('train_gen')
    change(folder, {_indices_data_files: []})
    expect(await namesOf(folder, 'train')).toEqual([['data-00000-of-00001.arrow:1', 'row 4']])
  })

  it('may have a split that is called all, which is read alone', async () => {
    const folder = copyOf('.')
    const dictionary = join(folder, 'dataset_dict.json')
    renameSync(join(folder, 'train_gen'), join(folder, 'all'))
    writeFileSync(dictionary, JSON.stringify({splits: ['train_sft', 'all']}))
    expect(await namesOf(folder, 'all')).toEqual([['all/data-00000-of-00001.arrow:1', 'row 4']])
    writeFileSync(dictionary, JSON.stringify({splits: ['../saved']}))
    await expect(namesOf(folder, '../saved')).rejects.toThrow(/dataset_dict\.json is not a file that save_to_disk/)
  })

  it('are not those with a state.json of something else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rpt-saved-'))
    writeFileSync(join(folder, 'state.json'), '{"epoch": 3}')
    writeFileSync(join(folder, 'a.jsonl'), '{"text": "a"}\n')
    expect((await namesOf(folder, 'train')).map(([, text]) => text)).toEqual(['a'])
  })

  function copyOf(part: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'rpt-saved-'))
    cpSync(join(saved, part), folder, {recursive: true})
    return folder
  }
})

function change(folder: string, fields: object): void {
  const file = join(folder, 'state.json')
  writeFileSync(file, JSON.stringify({...JSON.parse(readFileSync(file, 'utf8')), ...fields}))
}
