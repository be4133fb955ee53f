import {statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {hashFile} from '../../../src/core/files/index.js'
import {documentRows} from '../../../src/core/objectives/rows/rows.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {clusterOf} from '../../../src/core/records/cluster-of.js'
import {documentsTable, type Table, writeTable} from '../../../src/core/tables/index.js'
import {tinyModel} from '../../support/tiny-model.js'
import {documentsOf, failureOf, json, makeWorkspace, positionsOf, texts} from './preparing.js'
import {newFolder, tiny} from './small-checkpoint.js'

const {prepare} = await makeWorkspace()

describe('rows and documents that do not fit', () => {
  const long = Array.from({length: 12}, (_, i) => `Window ${i}: after ${i} it is June, é \u{1f600}. `.repeat(20))
  const rows = [...texts.map((text) => ({text})), {text: ''}, ...long.map((text) => ({text})), {text: null}, {}]
  let file: string
  beforeAll(() => {
    file = join(newFolder(), 'mixed.jsonl')
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  })
  const fitting = async (policy: string, changes: Record<string, unknown> = {}) => {
    const out = join(newFolder(), 'data')
    const settings = {'data.documents': file, 'data.onBadRow': 'skip', 'data.onLongDocument': policy}
    const {summary, lines} = await prepare(out, {...settings, 'data.valDocuments': 6, ...changes})
    const manifest = json(out, 'manifest.json')
    expect(json(out, 'summary.json')).toMatchObject({
      bad_rows: manifest.bad_rows,
      long_documents: manifest.long_documents,
    })
    return {summary, lines, documents: documentsOf(out), positions: positionsOf(out)}
  }
  const bad = {left_out: 3, reasons: {empty: 1, missing: 1, null: 1}}

  it('are windows with the partition of their document, which spell it, and every window is scored', async () => {
    const {summary, lines, documents, positions} = await fitting('windows')
    expect(summary.documents.read).toBe(20)
    expect(summary.bad_rows).toEqual(bad)
    expect(summary.long_documents).toMatchObject({left_out: 0, cut: 0, windowed: 12})
    expect(summary.long_documents.windows).toBe(documents.length - 8)
    const whole = new Map<string, {text: string; partitions: Set<string>}>()
    for (const {doc_id, text, partition} of documents) {
      const own = whole.get(clusterOf(doc_id)) ?? {text: '', partitions: new Set()}
      whole.set(clusterOf(doc_id), {text: own.text + text, partitions: own.partitions.add(partition)})
    }
    const expected = rows.flatMap(({text}, i) => (text ? [[`mixed.jsonl:${i + 1}`, text]] : []))
    expect([...whole].map(([docId, {text}]) => [docId, text])).toEqual(expected)
    expect([...whole.values()].every(({partitions}) => partitions.size === 1)).toBe(true)
    expect([...whole.values()].filter(({partitions}) => partitions.has('val'))).toHaveLength(6)
    const isFollowed = documents.map(({doc_id}, i) => clusterOf(doc_id) === clusterOf(documents[i + 1]?.doc_id ?? ''))
    expect(documents.map(({goes_on}) => goes_on)).toEqual(isFollowed)
    expect(new Set(positions.map(({doc_id}) => doc_id)).size).toBe(documents.length)
    expect(lines.filter((line) => /left out|windows/.test(line) && !/ box/.test(line))).toHaveLength(2)
  })

  it('are left out, and as many are held out as were asked for', async () => {
    const {summary, documents} = await fitting('skip')
    expect(summary.long_documents).toMatchObject({left_out: 12, windows: 0})
    expect(documents.map(({doc_id}) => doc_id)).toEqual(texts.map((_, i) => `mixed.jsonl:${i + 1}`))
    expect(summary.documents).toEqual({read: 20, train: 2, val: 6})
  })

  it('are cut at the end', async () => {
    const {summary, documents} = await fitting('cut')
    expect(summary.long_documents).toMatchObject({cut: 12, windows: 0})
    expect(documents.map(({token_ids}) => token_ids.length).filter((length) => length > 250)).toHaveLength(12)
    expect(documents.map(({goes_on}) => goes_on)).toEqual(documents.map(({token_ids}) => token_ids.length > 250))
    expect(Math.max(...documents.map(({token_ids}) => token_ids.length))).toBeLessThanOrEqual(256)
  })

  it('whose pieces an older version did not mark are not reused, and rows of them are told', async () => {
    const out = join(newFolder(), 'data')
    const settings = {'data.documents': file, 'data.onBadRow': 'skip', 'data.onLongDocument': 'cut'}
    await prepare(out, settings)
    const rowsIn = async () => {
      const lines: string[] = []
      documentRows(configSchema.parse({}), tinyModel({}), await openPrepared(out), (line) => lines.push(line))
      return lines
    }
    expect(await rowsIn()).toEqual([])
    expect((await prepare(out, settings)).summary.reused).toBe(true)
    const {goes_on: _, ...columns} = documentsTable.columns
    const table = join(out, 'documents.arrow')
    await writeTable(table, {...documentsTable, columns} as Table, documentsOf(out))
    const manifest = json(out, 'manifest.json')
    manifest.files['documents.arrow'] = {size: statSync(table).size, sha256: hashFile(table)}
    writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest))
    expect(await rowsIn()).toEqual([expect.stringContaining('an end-of-text token follows each of 12 pieces')])
    const {message} = await failureOf(prepare(out, settings))
    expect(message).toMatch(/: it does not mark the pieces of documents whose text goes on$/)
    expect((await prepare(out, settings, {overwrite: true})).summary.reused).toBe(false)
    expect(await rowsIn()).toEqual([])
  })

  it('fit as they are where no model scores them', async () => {
    const {summary, documents} = await fitting('windows', {'data.documentsOnly': true})
    expect(summary.long_documents.windowed).toBe(0)
    expect(documents).toHaveLength(20)
  })

  it('are an error with the setting that helps, unless it is set', async () => {
    const failure = await failureOf(fitting('windows', {'data.onBadRow': 'error'}))
    expect(failure.message).toMatch(/mixed\.jsonl:9: field text is empty/)
    expect(failure.suggestions.at(-1)).toMatch(/^--set data\.onBadRow=skip/)
    const {suggestions} = await failureOf(fitting('error'))
    expect(suggestions.join()).toMatch(/--set data\.onLongDocument=windows/)
  })

  it('that have too few tokens are rows to be left out, and others are held out in their place', async () => {
    const short = join(newFolder(), 'short.jsonl')
    const words = [...texts, ...Array.from({length: 20}, (_, i) => String.fromCharCode(97 + i))]
    writeFileSync(short, words.map((text) => `${JSON.stringify({text})}\n`).join(''))
    const tokenizer = newFolder()
    const source = json(tiny, 'tokenizer.json')
    writeFileSync(join(tokenizer, 'tokenizer.json'), JSON.stringify({...source, post_processor: null}))
    const settings = {'data.tokenizer': tokenizer, 'data.documentsOnly': true, 'data.documents': short}
    const {summary} = await prepare(join(newFolder(), 'data'), {
      ...settings,
      'data.onBadRow': 'skip',
      'data.valDocuments': 4,
    })
    expect(summary.bad_rows).toEqual({left_out: 20, reasons: {'too-short': 20}})
    expect(summary.documents).toEqual({read: 28, train: 4, val: 4})
  })

  it('may be messages in the chat template, whose special tokens are no targets to train on', async () => {
    const chats = join(newFolder(), 'chats.jsonl')
    const messages = [
      {role: 'user', content: 'The red lamp?'},
      {role: 'assistant', content: 'It shows 3.'},
    ]
    writeFileSync(chats, `${JSON.stringify({messages})}\n`)
    const template = join(newFolder(), 'x.jinja')
    writeFileSync(template, '{% for m in messages %}{{ m.content }}<eos>{% endfor %}')
    const settings = {'data.documents': chats, 'data.textField': 'messages', 'data.valDocuments': 0}
    const run = fitting('error', {...settings, 'prompt.chatTemplateFile': template})
    const {documents, positions} = await run
    expect(documents[0].text).toBe('The red lamp?<eos>It shows 3.<eos>')
    const special = positions.filter(({target_bytes}) => Buffer.from(target_bytes).toString() === '<eos>')
    expect(special.map(({kept, reason}) => [kept, reason])).toEqual([
      [false, 'special-target'],
      [false, 'special-target'],
    ])
    const failure = await failureOf(fitting('error', settings))
    expect(failure.message).toMatch(/chats\.jsonl:1 holds messages, but the tokenizer has no chat template/)
  })
})
