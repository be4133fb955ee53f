import {cpSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {type FloatTensor, readWeights, writeSafetensors} from '../../../src/core/store/index.js'
import {DataError} from '../../../src/core/util/errors.js'
import {
  engineModel,
  optimizer,
  promptsOf,
  stateOf,
  temporaryFolder,
  tinyEngine,
  worstShare,
} from '../../support/tiny-engine.js'
import {tinyModel} from '../../support/tiny-model.js'

/** A saved checkpoint with its tensors changed. */
async function changedCheckpoint(change: (tensors: Map<string, FloatTensor>) => void): Promise<string> {
  const engine = await tinyEngine()
  const {folder} = await stateOf(engine)
  const tensors = new Map(readWeights(folder))
  change(tensors)
  rmSync(join(folder, 'model.safetensors'))
  await writeSafetensors(join(folder, 'model.safetensors'), tensors)
  return folder
}

const query = 'model.layers.1.self_attn.q_proj.weight'

describe('a checkpoint', () => {
  it.each(['llama', 'qwen2', 'qwen3'])('comes back byte for byte after load and save: %s', async (model_type) => {
    const engine = await tinyEngine({model: tinyModel({...engineModel.source, model_type, tie_word_embeddings: false})})
    await engine.updateLanguageModel({
      rows: [{ids: promptsOf([20], 1)[0].ids, trainedFrom: 1}],
      rowsPerMicroBatch: 1,
      optimizer,
    })
    const first = await stateOf(engine)
    await engine.load({checkpoint: first.folder})
    await engine.restoreOptimizer(first.folder)
    const second = await stateOf(engine)
    for (const file of ['model.safetensors', 'optimizer.safetensors', 'config.json'])
      expect(readFileSync(join(second.folder, file)).equals(readFileSync(join(first.folder, file))), file).toBe(true)
    await engine.close()
  })

  it('holds the tensors under the names of Hugging Face', async () => {
    const names = [...(await stateOf(await tinyEngine())).weights.keys()]
    expect(names).toContain(query)
    expect(names.filter((name) => name.includes('qkv') || name.includes('gateup'))).toEqual([])
  })

  it.each([
    ['a missing tensor', (t) => t.delete(query), `tensor ${query} is missing; config.json asks for shape [64,64]`],
    [
      'a superfluous tensor',
      (t) => t.set('model.extra.weight', {dtype: 'F32', shape: [1], data: Float32Array.of(1)}),
      'tensor model.extra.weight has no place in the model',
    ],
    [
      'a tensor of another shape',
      (t) => t.set(query, {...t.get(query)!, shape: [32, 128]}),
      `tensor ${query} has shape [32,128]; config.json asks for [64,64]`,
    ],
    [
      'a weight that is no number',
      (t) => {
        t.get(query)!.data[5] = Number.NaN
      },
      `tensor ${query} holds NaN at 5`,
    ],
    [
      'an infinite weight',
      (t) => {
        t.get(query)!.data[64] = Number.NEGATIVE_INFINITY
      },
      `tensor ${query} holds -Infinity at 64`,
    ],
  ] satisfies [string, (tensors: Map<string, FloatTensor>) => void, string][])(
    'with %s is refused',
    async (_, change, message) => {
      const folder = await changedCheckpoint(change)
      const loading = (await tinyEngine()).load({checkpoint: folder})
      await expect(loading).rejects.toThrow(DataError)
      await expect(loading).rejects.toThrow(message)
    },
  )

  it('may repeat a tied head and carry the tables of old checkpoints', async () => {
    const folder = await changedCheckpoint((tensors) => {
      tensors.set('lm_head.weight', tensors.get('model.embed_tokens.weight')!)
      const table: FloatTensor = {dtype: 'F32', shape: [1], data: Float32Array.of(1)}
      tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', table)
    })
    await expect((await tinyEngine()).load({checkpoint: folder})).resolves.toBeDefined()
  })

  it('that was refused leaves the model in place', async () => {
    const engine = await tinyEngine()
    const before = await stateOf(engine)
    await expect(engine.load({checkpoint: await changedCheckpoint((t) => t.delete(query))})).rejects.toThrow()
    expect(worstShare((await stateOf(engine)).weights, before.weights)).toBe(0)
  })

  it('without optimizer state loads but does not resume', async () => {
    const engine = await tinyEngine()
    const {folder} = await stateOf(engine)
    const weightsOnly = temporaryFolder()
    for (const file of ['model.safetensors', 'config.json']) cpSync(join(folder, file), join(weightsOnly, file))
    await engine.load({checkpoint: weightsOnly})
    await expect(engine.restoreOptimizer(weightsOnly)).rejects.toThrow(/optimizer.safetensors is missing/)
  })
})

it('random weights depend on the seed, and every tensor has numbers of its own', async () => {
  const weights = async (seed: number) => (await stateOf(await tinyEngine({seed}))).weights
  const [first, again, other] = [await weights(1), await weights(1), await weights(2)]
  expect(worstShare(again, first)).toBe(0)
  expect(other.get(query)).not.toEqual(first.get(query))
  expect(first.get(query)!.slice(0, 8)).not.toEqual(first.get(query.replace('1', '0'))!.slice(0, 8))
})

it('a saved config names the element type of the weights beside it', async () => {
  for (const name of ['torch_dtype', 'dtype']) {
    const engine = await tinyEngine({model: tinyModel({[name]: 'bfloat16'})})
    const folder = temporaryFolder()
    await engine.save(folder, false)
    await engine.close()
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))[name]).toBe('float32')
  }
})
