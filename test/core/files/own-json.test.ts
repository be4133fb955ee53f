import {execFileSync} from 'node:child_process'
import {mkdirSync, truncateSync, writeFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {z} from 'zod'
import {readJsonOf, readTextOf} from '../../../src/core/files/index.js'
import {DataError} from '../../../src/core/util/errors.js'
import {useFolder} from './samples.js'

const at = useFolder()
const state = z.looseObject({step: z.int(), files: z.record(z.string(), z.object({size: z.int()}))})
const sound = '{"step": 3, "more": [1], "files": {"a": {"size": 2, "kind": "x"}}}'
const read = () => readJsonOf(at('s.json'), state, 'the state of a test')

describe('a JSON file of ours', () => {
  it('comes back as it was written, with what this version does not know', () => {
    writeFileSync(at('s.json'), sound)
    expect(read()).toEqual(JSON.parse(sound))
  })

  it.each<[string, string | Uint8Array, string]>([
    ['is cut', sound.slice(0, 20), 'it is not JSON'],
    ['is empty', '', 'it is not JSON'],
    ['is no object', '"text"', 'the whole is "text"; Invalid input: expected object'],
    ['lacks a field', '{"files": {}}', 'step is missing; Invalid input: expected number'],
    ['has a field of another kind', sound.replace('3', '3.5'), 'step is 3.5; Invalid input: expected int'],
    ['has a wrong field deep inside', sound.replace('2', '"2"'), 'files.a.size is "2"; Invalid input: expected number'],
    ['has a key twice', sound.replace('"more"', '"step"'), 'it has the key "step" twice'],
    ['is nested deeply', `{"step":${'['.repeat(100_000)}`, 'it is nested more than 100 deep'],
    ['is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'it is not UTF-8'],
    ['is a block of zeros', new Uint8Array(64), 'it is not JSON'],
  ])('that %s is refused by name and field', (_, content, what) => {
    writeFileSync(at('s.json'), content)
    expect(read).toThrow(DataError)
    expect(read).toThrow(what)
    expect(read).toThrow(`reading ${at('s.json')}, the state of a test: `)
  })

  it('that is absent, a folder, a pipe or far too large is refused before it is read', () => {
    expect(read).toThrow(/s\.json: no such file or folder \(ENOENT\)/)
    mkdirSync(at('s.json'))
    expect(read).toThrow('it is not a regular file')
    execFileSync('mkfifo', [at('pipe')])
    expect(() => readTextOf(at('pipe'), 'a text')).toThrow('pipe, a text: it is not a regular file')
    writeFileSync(at('large'), '')
    truncateSync(at('large'), 2 ** 27)
    expect(() => readTextOf(at('large'), 'a text')).toThrow('it has 134217728 bytes; expected at most 67108864')
  })
})
