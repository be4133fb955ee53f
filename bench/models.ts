import {existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {replaceFile} from '../src/core/files/index.js'
import {parseModelConfig} from '../src/core/models/model-config.js'
import {type Initialization, parametersOf} from '../src/core/models/parameters.js'
import {Sampler, streamSeed} from '../src/core/util/rng.js'
import {sizeOf} from '../src/core/util/shape.js'
import {writeSafetensors} from '../src/core/weights/index.js'
import {root} from './paths.js'

/** The models of the benchmark: `config.json` of random checkpoints that both sides load. */

const common = {
  hidden_act: 'silu',
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
  torch_dtype: 'float32',
  bos_token_id: null,
  eos_token_id: null,
  max_position_embeddings: 8192,
}
const llama = {...common, model_type: 'llama', architectures: ['LlamaForCausalLM'], attention_bias: false}
const qwen2 = {...common, model_type: 'qwen2', architectures: ['Qwen2ForCausalLM'], use_sliding_window: false}

/** S: 3.3 M parameters. M, L, XL: the shapes of SmolLM2-135M, Qwen2.5-0.5B and Qwen2.5-1.5B. XS: for the memory slope. */
export const models = {
  XS: {...llama, ...shape(2, 64, 4, 4, 176, 512), rope_theta: 10000},
  S: {...llama, ...shape(4, 256, 4, 4, 688, 512), rope_theta: 10000},
  M: {...llama, ...shape(30, 576, 9, 3, 1536, 49152), rope_theta: 100000},
  L: {...qwen2, ...shape(24, 896, 14, 2, 4864, 151936), rope_theta: 1000000},
  XL: {...qwen2, ...shape(28, 1536, 12, 2, 8960, 151936), rope_theta: 1000000},
} as const

/** Name of a model of the benchmark. */
export type ModelName = keyof typeof models

function shape(layers: number, hidden: number, heads: number, kvHeads: number, intermediate: number, vocab: number) {
  return {
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    intermediate_size: intermediate,
    vocab_size: vocab,
  }
}

/** Where checkpoints and token files are kept from one run to the next. */
const cache = join(root, 'node_modules', '.cache', 'rpt-bench')
const tapeLength = 2 ** 20

/** Standard deviations of the random weights; large enough that logits differ and checks would see a wrong graph. */
function deviation(kind: Initialization, fanIn: number): number {
  if (kind === 'embedding') return 0.05
  return kind === 'zeros' || kind === 'ones' ? 0 : 1 / Math.sqrt(fanIn)
}

/** Folder of the model's checkpoint, written at first use, with `tokens.bin`: ids for TokenTape. */
export async function prepareModel(name: ModelName): Promise<string> {
  const folder = join(cache, name)
  const source = models[name]
  const done = join(folder, 'config.json')
  if (existsSync(done)) return folder
  mkdirSync(folder, {recursive: true})
  const config = parseModelConfig(source, `model ${name}`)
  const tensors = new Map<string, {shape: readonly number[]; data: Float32Array; dtype: 'F32'}>()
  for (const parameter of parametersOf(config)) {
    const columns = parameter.shape.slice(1)
    const scale = deviation(parameter.initialization, parameter.shape.at(-1)!)
    for (const part of parameter.parts) {
      const partShape = [part.rows, ...columns]
      const data = new Float32Array(sizeOf(partShape)).fill(parameter.initialization === 'ones' ? 1 : 0)
      if (scale > 0) fillUniform(data, scale, new Sampler(streamSeed(0, 'bench', part.name)).integer(2 ** 31) + 1)
      tensors.set(part.name, {dtype: 'F32', shape: partShape, data})
    }
  }
  await writeSafetensors(join(folder, 'model.safetensors'), tensors)
  const sampler = new Sampler(streamSeed(0, 'bench', 'tokens'))
  const tape = Int32Array.from({length: tapeLength}, () => sampler.integer(config.vocabulary))
  await replaceFile(join(folder, 'tokens.bin'), (handle) => handle.writeFile(new Uint8Array(tape.buffer)))
  // Last: a folder with a config is whole.
  writeFileSync(done, `${JSON.stringify(source, null, 2)}\n`)
  return folder
}

/** Uniform numbers of a given deviation by xorshift32: half a billion normal draws would take minutes. */
function fillUniform(data: Float32Array, scale: number, seed: number): void {
  const width = 2 * Math.sqrt(3) * scale
  let state = seed | 0
  for (let i = 0; i < data.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    data[i] = ((state >>> 0) / 2 ** 32 - 0.5) * width
  }
}
