import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {baseModelOf} from '../../../src/core/push/base-model.js'
import {chooseFiles} from '../../../src/core/push/push-files.js'
import type {TrainedRun} from '../../../src/core/push/trained-run.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-base-model-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

const origin = {id: 'owner/base', kind: 'model', revision: 'a'.repeat(40)}

/** A training run that began with a model at a path; with that of the Hub it has an origin. */
function run(name: string, modelPath: string, origins?: object): TrainedRun {
  const path = join(folder, name)
  mkdirSync(join(path, 'checkpoints', 'step-000002'), {recursive: true})
  const identity = {rpt: 'run', version: '0.0.0', command: 'train', settings: {}, inputs: null}
  writeFileSync(join(path, 'run.json'), JSON.stringify(identity))
  writeFileSync(join(path, 'config.resolved.yaml'), `model: {path: ${JSON.stringify(modelPath)}}\n`)
  if (origins) writeFileSync(join(path, 'origins.json'), JSON.stringify(origins))
  return {path, isAdapter: false} as TrainedRun
}

describe('the base of a run', () => {
  const found = {id: origin.id, revision: origin.revision}

  it('is that of the run whose folder or checkpoint it began with', () => {
    run('first', 'hf:owner/base', {'model.path': origin})
    const second = run('second', join(folder, 'first', 'checkpoints', 'step-000002'))
    expect(baseModelOf(second, undefined)).toEqual(found)
    expect(baseModelOf(run('third', second.path), undefined)).toEqual(found)
    expect(baseModelOf(second, 'them/other@v1')).toEqual({id: 'them/other', revision: 'v1'})
  })

  it('is not known where runs name each other, or a folder that is no run', () => {
    run('one', join(folder, 'two'))
    expect(baseModelOf(run('two', join(folder, 'one')), undefined)).toBeNull()
    expect(baseModelOf(run('three', folder), undefined)).toBeNull()
  })
})

it('a file of a checkpoint that has another size than was written is refused, smaller or larger', () => {
  const choose = (size: number) => {
    for (const name of ['config.json', 'model.safetensors']) writeFileSync(join(folder, name), '{}')
    const files = {'config.json': {size: 2, sha256: ''}, 'model.safetensors': {size, sha256: ''}}
    return chooseFiles({folder, files} as unknown as TrainedRun, null).map(({path}) => path)
  }
  expect(choose(2)).toEqual(['config.json', 'model.safetensors'])
  for (const size of [1, 3]) expect(() => choose(size)).toThrow(`model.safetensors has 2 bytes, expected ${size}`)
})
