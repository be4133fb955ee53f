import {mkdirSync, writeFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {canonicalJson, fingerprintOf, hashFile, hashJson} from '../../../src/core/files/index.js'
import {DataError} from '../../../src/core/util/errors.js'
import {useFolder} from './samples.js'

const at = useFolder()

describe('a fingerprint', () => {
  it('of a value depends on content, not on the order of keys', () => {
    expect(canonicalJson({b: [1, {d: null, c: 'é'}], a: undefined})).toBe('{"b":[1,{"c":"é","d":null}]}')
    expect(hashJson({a: 1, b: 2})).toBe(hashJson({b: 2, a: 1}))
    expect(hashJson([1, 2])).not.toBe(hashJson([2, 1]))
    // printf '{}' | sha256sum
    expect(hashJson({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a')
    for (const value of [Number.NaN, {a: Number.POSITIVE_INFINITY}, 1n, () => 1]) {
      expect(() => canonicalJson(value)).toThrow(DataError)
    }
  })

  it('of a file is that of its bytes, however long', () => {
    // printf abc | sha256sum; head -c 3000000 /dev/zero | sha256sum
    writeFileSync(at('abc'), 'abc')
    expect(hashFile(at('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    writeFileSync(at('zeros'), new Uint8Array(3_000_000))
    expect(hashFile(at('zeros'))).toBe('35bce4eae54ec8e6cc2868baa8d157914d6ae2858811b4cc0c078c94460fa26f')
    expect(() => hashFile(at('absent'))).toThrow(/absent.*ENOENT/)
  })

  it('of inputs and options changes with name, content, order and option, and not with the folder above', () => {
    for (const folder of ['x', 'y']) {
      mkdirSync(at(`${folder}/model/deep`), {recursive: true})
      writeFileSync(at(`${folder}/corpus.jsonl`), 'text')
      writeFileSync(at(`${folder}/model/deep/weights`), 'w')
    }
    const of = (folder: string, options: unknown = {topK: 16}) =>
      fingerprintOf({inputs: [at(`${folder}/corpus.jsonl`), at(`${folder}/model`)], options})
    const first = of('x')
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    expect(of('y')).toBe(first)
    expect(of('x', {topK: 8})).not.toBe(first)
    expect(fingerprintOf({inputs: [at('x/model'), at('x/corpus.jsonl')], options: {topK: 16}})).not.toBe(first)
    writeFileSync(at('y/model/deep/weights'), 'v')
    expect(of('y')).not.toBe(first)
    expect(() => of('absent')).toThrow(DataError)
  })
})
