import {cpSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import type {CheckpointDtype} from '../../../../src/core/config/names.js'
import type {LocalEngine} from '../../../../src/core/engine/local-engine.js'
import {checkWeights} from '../../../../src/core/engine/state/checkpoint.js'
import {readModelConfig} from '../../../../src/core/models/model-config.js'
import {DataError, NumericError} from '../../../../src/core/util/errors.js'
import {type FloatValues, writeSafetensors} from '../../../../src/core/weights/index.js'
import {readTensors} from '../../../support/read-tensors.js'
import {
  engineModel,
  optimizer,
  promptsOf,
  stateOf,
  temporaryFolder,
  tinyEngine,
  worstShare,
} from '../../../support/tiny-engine.js'
import {tinyModel} from '../../../support/tiny-model.js'

type Change = (tensors: Map<string, FloatValues>) => void

/** A saved checkpoint with its tensors changed. */
async function changedCheckpoint(change: Change, model = engineModel): Promise<string> {
  const engine = await tinyEngine({model})
  const {folder} = await stateOf(engine)
  const tensors: Map<string, FloatValues> = readTensors(join(folder, 'model.safetensors'))
  change(tensors)
  rmSync(join(folder, 'model.safetensors'))
  await writeSafetensors(join(folder, 'model.safetensors'), tensors)
  return folder
}

/** Why a changed checkpoint is refused. */
async function refusal(change: Change, model = engineModel): Promise<DataError> {
  const folder = await changedCheckpoint(change, model)
  try {
    checkWeights(await readModelConfig(folder), folder)
  } catch (error) {
    expect(error).toBeInstanceOf(DataError)
    return error as DataError
  }
  throw new Error('the checkpoint was accepted')
}

function renameAll(tensors: Map<string, FloatValues>, rename: (name: string) => string): void {
  for (const name of [...tensors.keys()]) move(tensors, name, rename(name))
}

function move(tensors: Map<string, FloatValues>, from: string, to: string): void {
  tensors.set(to, tensors.get(from)!)
  tensors.delete(from)
}

const query = 'model.layers.1.self_attn.q_proj.weight'
const one = {shape: [1], data: Float32Array.of(1)}

describe('a checkpoint', () => {
  it.each(['llama', 'qwen2', 'qwen3'])('comes back byte for byte after load and save: %s', async (model_type) => {
    const engine = await tinyEngine({model: tinyModel({...engineModel.source, model_type, tie_word_embeddings: false})})
    await engine.updateLanguageModel({
      rows: [{ids: promptsOf([20], 1)[0].ids, trainedFrom: 1}],
      rowsPerMicroBatch: 1,
      mode: 'whole',
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
      'several missing tensors',
      (t) => {
        for (const name of [...t.keys()].filter((key) => key.includes('layers.1'))) t.delete(name)
      },
      /layers\.1\.input_layernorm\.weight is missing; .* \[64\]; also missing: (\S+, ){4}\S+ and 3 more$/,
    ],
    [
      'a superfluous tensor',
      (t) => t.set('model.extra.weight', one),
      'tensor model.extra.weight does not belong to the model',
    ],
    [
      'more layers than config.json has',
      (t) => t.set('model.layers.2.mlp.up_proj.weight', one).set('model.layers.2.mlp.down_proj.weight', one),
      /layers\.2\.mlp\.down_proj\.weight does not belong .* num_hidden_layers 2\); the same holds for model\.layers\.2\.mlp\.up_proj/,
    ],
    [
      'a tensor of another shape',
      (t) => t.set(query, {...t.get(query)!, shape: [32, 128]}),
      /model\.safetensors: tensor \S+ has shape \[32,128\]; .* \[64,64\] \(num_attention_heads x head_dim, hidden_size\)/,
    ],
    [
      'a norm of another length',
      (t) => t.set('model.norm.weight', one),
      'tensor model.norm.weight has shape [1]; config.json asks for [64] (hidden_size)',
    ],
    [
      'a head that is tied and differs',
      (t) => {
        const {shape, data} = t.get('model.embed_tokens.weight')!
        t.set('lm_head.weight', {shape, data: data.map((value, i) => (i === 6000 ? 0 : value))})
      },
      'config.json ties the head (tie_word_embeddings), but lm_head.weight and model.embed_tokens.weight differ',
    ],
    [
      'a head that is tied and smaller',
      (t) => {
        const {data} = t.get('model.embed_tokens.weight')!
        t.set('lm_head.weight', {shape: [2, 64], data: data.slice(0, 128)})
      },
      'lm_head.weight and model.embed_tokens.weight differ',
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
  ] satisfies [string, Change, string | RegExp][])('with %s is refused', async (_, change, message) => {
    const folder = await changedCheckpoint(change)
    const loading = (await tinyEngine()).load({checkpoint: folder})
    await expect(loading).rejects.toThrow(DataError)
    await expect(loading).rejects.toThrow(message)
  })

  it.runIf(process.platform === 'linux')('is closed when it is loaded, and when it is refused', async () => {
    const sound = await changedCheckpoint(() => {})
    const broken = await changedCheckpoint((tensors) => {
      tensors.get(query)!.data[5] = Number.NaN
    })
    const engine = await tinyEngine()
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    await engine.load({checkpoint: sound})
    await expect(engine.load({checkpoint: broken})).rejects.toThrow(DataError)
    expect(open()).toBe(before)
  })

  it('may repeat a tied head and carry the tables of old checkpoints', async () => {
    // An embedding of several pieces.
    const model = tinyModel({...engineModel.source, vocab_size: 2500})
    const folder = await changedCheckpoint((tensors) => {
      tensors.set('lm_head.weight', tensors.get('model.embed_tokens.weight')!)
      tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', one)
    }, model)
    await expect((await tinyEngine()).load({checkpoint: folder})).resolves.toBeDefined()
  })

  it.each<[string, (name: string) => string, string, string]>([
    ['torch.compile', (name) => `_orig_mod.${name}`, '_orig_mod.model.embed_tokens.weight', '_orig_mod.'],
    ['DistributedDataParallel', (name) => `module.${name}`, 'module.model.embed_tokens.weight', 'module.'],
    ['both', (name) => `module._orig_mod.${name}`, 'module._orig_mod.model.embed_tokens.weight', 'module._orig_mod.'],
    ['PEFT', (name) => `base_model.model.${name}`, 'base_model.model.model.embed_tokens.weight', 'base_model.model.'],
    ['somebody', (name) => `net.${name}`, 'net.model.embed_tokens.weight', 'net.'],
  ])('whose names have the prefix of %s is refused with the prefix to remove', async (_, rename, shown, prefix) => {
    const error = await refusal((tensors) => renameAll(tensors, rename))
    expect(error.message).toContain(`tensor model.embed_tokens.weight is missing`)
    expect(error.message).toContain(`; there is ${shown}`)
    expect(error.suggestions[0]).toBe(`remove the prefix ${prefix} from the names`)
  })

  it.each<[string, Change, RegExp, RegExp]>([
    [
      'no head',
      (t) => renameAll(t, (name) => name.replace(/^model\./, '')),
      /there is embed_tokens\.weight/,
      /AutoModelForCausalLM/,
    ],
    [
      'a value head',
      (t) => t.set('v_head.summary.weight', one),
      /v_head\.summary\.weight is of a value/,
      /without that head/,
    ],
    [
      'layers of LoRA',
      (t) => move(t, query, query.replace('.weight', '.base_layer.weight')),
      /is of LoRA/,
      /merge_and_unload/,
    ],
    [
      'quantised layers',
      (t) => move(t, query, query.replace('.weight', '.qweight')),
      /is of quantised weights/,
      /dequantise/,
    ],
    ['names of another kind', (t) => renameAll(t, (name) => `x.${name}.y`), /there is x\.model/, /^$/],
  ])('with %s says what is there', async (_, change, message, suggestion) => {
    const error = await refusal(change)
    expect(error.message).toMatch(message)
    expect(error.suggestions.join()).toMatch(suggestion)
  })

  it('that has no head and does not tie it names tie_word_embeddings', async () => {
    const model = tinyModel({...engineModel.source, tie_word_embeddings: false})
    const error = await refusal((tensors) => tensors.delete('lm_head.weight'), model)
    expect(error.message).toContain('tensor lm_head.weight is missing')
    expect(error.suggestions[0]).toContain('"tie_word_embeddings": true')
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

const dtypes: readonly CheckpointDtype[] = ['float32', 'bfloat16', 'float16']
/** Half the distance of the neighbours of 1. */
const roundings = {float32: 0, bfloat16: 2 ** -8, float16: 2 ** -11}

const row = (length: number) => ({ids: promptsOf([length], 1)[0].ids, trainedFrom: 1})
const update = (engine: LocalEngine, length: number) =>
  engine.updateLanguageModel({rows: [row(length)], rowsPerMicroBatch: 1, optimizer, mode: 'whole'})

describe.each(dtypes)('saved as %s', (dtype) => {
  it('weights are rounded to the nearest value, and named so in config.json', async () => {
    const engine = await tinyEngine()
    const {weights} = await stateOf(engine)
    const folder = temporaryFolder()
    await engine.save(folder, false, {dtype})
    const saved = readTensors(join(folder, 'model.safetensors'))
    expect(new Set([...saved.values()].map((tensor) => tensor.dtype))).toEqual(
      new Set([{float32: 'F32', bfloat16: 'BF16', float16: 'F16'}[dtype]]),
    )
    for (const [name, values] of weights)
      for (const [i, value] of values.entries())
        if (Math.abs(Number(saved.get(name)!.data[i]) - value) > Math.abs(value) * roundings[dtype] + 2 ** -25)
          expect.fail(`${name} ${i}: ${value} became ${saved.get(name)!.data[i]}`)
  })

  it('a run goes on bit for bit from weights, moments and the float32 weights beside them', async () => {
    const engine = await tinyEngine()
    await update(engine, 20)
    const folder = temporaryFolder()
    await engine.save(folder, true, {dtype})
    await update(engine, 24)
    const resumed = await tinyEngine({seed: 7})
    await resumed.load({checkpoint: folder})
    await resumed.restoreOptimizer(folder)
    await update(resumed, 24)
    const [expected, actual] = [await stateOf(engine), await stateOf(resumed)]
    for (const file of ['model.safetensors', 'optimizer.safetensors'])
      expect(readFileSync(join(actual.folder, file)).equals(readFileSync(join(expected.folder, file))), file).toBe(true)
  })

  it('shards hold what one file holds', async () => {
    const engine = await tinyEngine()
    const [single, shards] = [temporaryFolder(), temporaryFolder()]
    await engine.save(single, false, {dtype})
    await engine.save(shards, false, {dtype, maxShardBytes: 20_000})
    expect(readdirSync(shards).length).toBeGreaterThan(5)
    const [one, several] = [await tinyEngine({seed: 7}), await tinyEngine({seed: 8})]
    await one.load({checkpoint: single})
    await several.load({checkpoint: shards})
    expect(worstShare((await stateOf(several)).weights, (await stateOf(one)).weights)).toBe(0)
  })
})

it('a saved config names the element type of the weights beside it, in its own dialect', async () => {
  const nameOf = (config: Record<string, unknown>) => Object.keys(config).filter((key) => key.endsWith('dtype'))
  const cases: [Record<string, unknown>, CheckpointDtype, string[]][] = [
    [{torch_dtype: 'bfloat16'}, 'float32', ['torch_dtype']],
    [{dtype: 'bfloat16'}, 'float32', ['dtype']],
    [{torch_dtype: 'float32'}, 'float16', ['torch_dtype']],
    [{dtype: 'float32'}, 'bfloat16', ['dtype']],
    [{}, 'float32', []],
    [{}, 'bfloat16', ['torch_dtype']],
    [{rope_theta: undefined, rope_parameters: {rope_theta: 10000, rope_type: 'default'}}, 'bfloat16', ['dtype']],
  ]
  for (const [fields, dtype, names] of cases) {
    const engine = await tinyEngine({model: tinyModel(fields)})
    const folder = temporaryFolder()
    await engine.save(folder, false, {dtype})
    await engine.close()
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
    expect(nameOf(config), JSON.stringify(fields)).toEqual(names)
    for (const name of names) expect(config[name]).toBe(dtype)
  }
})

it('float16 refuses a weight that it cannot hold, by name', async () => {
  const folder = await changedCheckpoint((tensors) => {
    tensors.get(query)!.data[3] = 70_000
  })
  const engine = await tinyEngine()
  await engine.load({checkpoint: folder})
  const saving = engine.save(temporaryFolder(), false, {dtype: 'float16'})
  await expect(saving).rejects.toThrow(NumericError)
  await expect(saving).rejects.toThrow(`tensor ${query} holds 70000 at 3, beyond the range of F16`)
})
