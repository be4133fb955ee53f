import {describe, expect, it} from 'vitest'
import {modelFiles} from '../../../src/core/hub/model-files.js'

const chosen = (...all: string[]) => all.filter((path) => modelFiles(path, all))

describe('the files of a checkpoint', () => {
  const [index, first] = ['model.safetensors.index.json', 'model-00001-of-00002.safetensors']

  it('are its shards where there are both shards and one file', () => {
    expect(chosen('config.json', first, 'model.safetensors', index)).toEqual(['config.json', first, index])
  })

  it('are the one file where shards have no index, or an index no shards', () => {
    expect(chosen(first, 'model.safetensors')).toEqual(['model.safetensors'])
    expect(chosen('model.safetensors', index)).toEqual(['model.safetensors'])
  })

  it('are those of adapters only where there is no checkpoint beside them', () => {
    const adapters = ['adapter_config.json', 'adapter_model.safetensors']
    expect(chosen(...adapters, 'README.md')).toEqual(adapters)
    expect(chosen(...adapters, 'config.json', 'model.safetensors')).toEqual(['config.json', 'model.safetensors'])
  })
})
