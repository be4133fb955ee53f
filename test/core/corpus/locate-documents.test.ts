import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {readDocuments} from '../../../src/core/corpus/documents.js'
import {locateDocuments} from '../../../src/core/corpus/locate-documents.js'
import type {resolveSource} from '../../../src/core/hub/resolve-source.js'
import {silentProgress} from '../../../src/core/util/progress.js'

const commit = 'a'.repeat(40)
const services = {progress: silentProgress, signal: new AbortController().signal}

/** A Hub of one data set that writes the files asked for into a folder and remembers what was asked. */
function hubOf(contents: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-hub-'))
  const asked: [string, string[]][] = []
  const all = Object.keys(contents).toSorted()
  const resolve: typeof resolveSource = async (_, value, {kind, files}) => {
    const names = all.filter((path) => files(path, all))
    asked.push([value, names])
    for (const name of names) {
      mkdirSync(dirname(join(folder, name)), {recursive: true})
      writeFileSync(join(folder, name), contents[name])
    }
    return {folder, origin: {id: 'owner/name', kind, revision: commit}, files: names}
  }
  return {folder, asked, resolve}
}

const rows = (...texts: string[]) => texts.map((text) => `${JSON.stringify({text})}\n`).join('')
const data = (documents: string, split = 'train', subset?: string) => ({documents, split, subset})

describe('documents of the Hub', () => {
  it('are the files of one split, at one commit, chosen by the card', async () => {
    const card = '---\nconfigs:\n- config_name: x\n  data_files:\n  - {split: rule, path: "part*"}\n---\n'
    const hub = hubOf({'README.md': card, 'part2.jsonl': rows('c'), 'part1.jsonl': rows('a', 'b'), 'x.jsonl': 'x'})
    const located = await locateDocuments(data('hf:owner/name@v1', 'rule'), services, hub.resolve)
    expect(hub.asked).toEqual([
      ['hf:owner/name@v1', ['README.md']],
      [`hf:owner/name@${commit}`, ['part1.jsonl', 'part2.jsonl']],
    ])
    expect(located).toEqual({
      path: hub.folder,
      split: {dataset: 'owner/name', files: ['part1.jsonl', 'part2.jsonl']},
      origin: {id: 'owner/name', kind: 'dataset', revision: commit},
    })
  })

  it('are numbered over the split, not over its files', async () => {
    const hub = hubOf({'train/1.jsonl': rows('a', 'b'), 'train/2.jsonl': rows('c', 'd')})
    const located = await locateDocuments(data('hf:owner/name'), services, hub.resolve)
    const documents = []
    for await (const document of readDocuments({...located, textField: 'text', limit: 3})) documents.push(document)
    expect(documents).toEqual([
      {docId: 'owner/name:1', text: 'a'},
      {docId: 'owner/name:2', text: 'b'},
      {docId: 'owner/name:3', text: 'c'},
    ])
  })

  it('name the file and row of a fault', async () => {
    const hub = hubOf({'train.jsonl': `${rows('a')}{"text": 3}`})
    const located = await locateDocuments(data('hf:owner/name'), services, hub.resolve)
    const documents = readDocuments({...located, textField: 'text'})
    expect((await documents.next()).value.docId).toBe('owner/name:1')
    await expect(documents.next()).rejects.toThrow(/train\.jsonl:2: field text is a number/)
  })

  it('are chosen once for each listing, however many files it has', async () => {
    const names = Array.from({length: 50}, (_, i) => `train/${i}.jsonl`)
    const hub = hubOf(Object.fromEntries(names.map((name) => [name, rows('a')])))
    let searches = 0
    const resolve: typeof resolveSource = (what, value, request) =>
      hub.resolve(what, value, {
        ...request,
        files: (path, all) => {
          const includes = (name: string) => {
            searches++
            return all.some((other) => other === name)
          }
          listing ??= Object.assign([...all], {includes})
          return request.files(path, listing)
        },
      })
    let listing: string[] | undefined
    expect((await locateDocuments(data('hf:owner/name'), services, resolve)).split!.files).toHaveLength(50)
    expect(searches).toBeLessThan(5)
  })

  it('are refused where a split cannot be told, and nothing but the card was fetched', async () => {
    const hub = hubOf({'README.md': '', 'a/train.jsonl': '', 'b/train.jsonl': ''})
    await expect(locateDocuments(data('hf:owner/name'), services, hub.resolve)).rejects.toThrow(/in 2 folders/)
    expect(hub.asked).toEqual([['hf:owner/name', ['README.md']]])
  })
})

it('documents of this machine are read as they are', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'rpt-local-')), 'a.jsonl')
  writeFileSync(file, rows('a'))
  expect(await locateDocuments(data(file), services)).toEqual({path: file, origin: null})
})
