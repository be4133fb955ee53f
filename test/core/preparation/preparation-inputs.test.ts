import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {configKeys} from '../../../src/core/config/keys.js'
import {configSchema} from '../../../src/core/config/schema.js'
import type {DocumentPlace} from '../../../src/core/corpus/documents.js'
import type {Manifest} from '../../../src/core/files/index.js'
import {changedInputs, partsOfData, preparationInputs} from '../../../src/core/preparation/preparation-inputs.js'
import {newFolder} from './small-checkpoint.js'

const path = newFolder()
writeFileSync(join(path, 'a.jsonl'), '{"text": "a"}\n')
const local: DocumentPlace = {path, split: {files: ['a.jsonl']}}
const hub: DocumentPlace = {path, split: {files: ['a.jsonl'], dataset: 'owner/name'}}

const of = (source: DocumentPlace, data = {}) => ({config: configSchema.parse({data}), source, models: {}})

const originOf = (id: string) => ({origins: {'data.documents': {id, kind: 'dataset', revision: 'a'.repeat(40)}}})

/** What differs between what was prepared and what is asked for now. */
function changes(manifest: object, now: ReturnType<typeof of>): string[] {
  const inputs = preparationInputs(now)
  return changedInputs(manifest as unknown as Manifest, inputs, now)
}

describe('documents of the Hub', () => {
  it('are other documents than the same files of a folder, because their names differ', () => {
    const ofHub = {...preparationInputs(of(hub)), ...originOf('owner/name')}
    expect(changes(ofHub, of(hub))).toEqual([])
    expect(changes(ofHub, of(local))).toEqual(['documents changed'])
    expect(changes(preparationInputs(of(local)), of(hub))).toEqual(['documents changed'])
  })

  it('are the same as those that a folder prepared earlier names as its origin', () => {
    const former = (id: string) => ({...preparationInputs(of(local)), ...originOf(id)})
    expect(changes(former('owner/name'), of(hub))).toEqual([])
    expect(changes(former('owner/other'), of(hub))).toEqual(['documents changed'])
    expect(changes(former('owner/name'), of(local))).toEqual(['documents changed'])
  })
})

describe('settings of data', () => {
  it('each have their part', () => {
    const keys = configKeys.filter(({key}) => key.startsWith('data.')).map(({key}) => key.slice('data.'.length))
    expect(Object.keys(partsOfData).toSorted()).toEqual(keys.toSorted())
  })

  it('that preparation does not read change nothing, also not for folders that list them', () => {
    const unread = {questions: '/questions.jsonl', verifier: 'numeric', batchTokens: 8}
    const before = preparationInputs(of(local))
    expect(changes(before, of(local, unread))).toEqual([])
    expect(preparationInputs(of(local, unread)).fingerprints).toEqual(before.fingerprints)
    const former = {...before, settings: {...before.settings, 'data.verifier': 'boxed', 'data.batchTokens': 4096}}
    expect(changes(former, of(local, unread))).toEqual([])
    expect(changes(before, of(local, {minContext: 2}))).toEqual(['data.minContext changed from 1 to 2'])
  })
})
