import {describe, expect, it} from 'vitest'
import {readAddress} from '../../../src/core/hub/address.js'
import type {DataError} from '../../../src/core/util/errors.js'

describe('what a setting names', () => {
  it('is a path where it is absolute, and else an id, whatever the working directory holds', () => {
    expect(readAddress('model', process.cwd(), 'model')).toBeNull()
    expect(readAddress('model', 'src/core', 'model', '/conf/src/core')).toMatchObject({
      id: 'src/core',
      sought: 'there is no folder /conf/src/core, and on the Hub model src/core',
    })
  })

  it.each([
    ['openai/gsm8k', 'dataset', ['check the path', 'write hf:openai/gsm8k for the Hub']],
    ['data/rows.jsonl', 'dataset', ['check the path']],
    ['gsm8k', 'dataset', ['check the path']],
    ['openai/gsm8k', 'model', ['check the path']],
    ['gpt2', 'model', ['check the path', 'a model of the Hub is named with its owner: OWNER/gpt2']],
    ['gpt2.safetensors', 'model', ['check the path']],
  ] as const)('%s of kind %s that is no path may be meant as a name', (name, kind, suggestions) => {
    const failure = (() => {
      try {
        return readAddress('documents', `${process.cwd()}/${name}`, kind)
      } catch (error) {
        return error as DataError
      }
    })()
    expect(failure).toMatchObject({message: expect.stringMatching(/does not exist$/), suggestions})
  })
})
