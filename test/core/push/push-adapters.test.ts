import {describe, expect, it} from 'vitest'
import {UsageError} from '../../../src/core/util/errors.js'
import {card, failure, fields, hub, json, read, send, usePushes, workspace} from './toy-pushes.js'

usePushes(['full', 'adapters', 'local'])

describe('adapters', () => {
  it('go with their description and tokenizer, and name their base', async () => {
    await send('adapters')
    const names = ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
    expect(Object.keys(hub.files).sort()).toEqual(['.gitattributes', 'README.md', ...names].sort())
    for (const name of names)
      expect(hub.files[name].content.equals(read('adapters', 'checkpoints', 'step-000002', name)), name).toBe(true)
    expect(fields()).toMatchObject({library_name: 'peft', base_model: 'owner/base', base_model_relation: 'adapter'})
    expect(card()).toContain('AutoPeftModelForCausalLM.from_pretrained("me/toy")')
  })

  it('on a folder of this machine need a name for it, which takes its place', async () => {
    const error = await failure(send('local'))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.suggestions.join()).toContain('--base-model')
    await send('local', {baseModel: 'owner/base@v1'})
    const config = JSON.parse(String(hub.files['adapter_config.json'].content))
    expect(config).toEqual({
      ...json('local', 'checkpoints', 'step-000002', 'adapter_config.json'),
      base_model_name_or_path: 'owner/base',
      revision: 'v1',
    })
    expect(card()).not.toContain(workspace.folder)
  })

  it('merged are a whole checkpoint', async () => {
    await send('adapters', {isMerged: true})
    expect(
      hub.files['model.safetensors'].content.equals(
        read('adapters', 'checkpoints', 'step-000002', 'merged', 'model.safetensors'),
      ),
    ).toBe(true)
    expect(fields()).toMatchObject({library_name: 'transformers', base_model: 'owner/base'})
    expect((await failure(send('full', {isMerged: true}))).message).toContain('has no merged checkpoint')
  })

  it('do not go beside a whole model, nor the other way round', async () => {
    await send('full')
    const error = await failure(send('adapters'))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain('it has config.json; adapters beside a whole model')
    delete hub.files['config.json']
    hub.files['adapter_config.json'] = {content: Buffer.from('{}')}
    expect((await failure(send('full'))).message).toContain('a whole model beside adapters')
  })
})
