import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {z} from 'zod'
import {DataError} from '../util/errors.js'

/** A pre-norm decoder as its `config.json` describes it. */
export interface ModelConfig {
  readonly family: Family
  readonly vocabulary: number
  readonly hidden: number
  readonly intermediate: number
  readonly layers: number
  readonly heads: number
  readonly kvHeads: number
  readonly headSize: number
  readonly ropeTheta: number
  readonly normEpsilon: number
  readonly maxPositions: number
  readonly tiedHead: boolean
  readonly qkvBias: boolean
  readonly qkNorm: boolean
  readonly startId: number | null
  readonly endIds: readonly number[]
  /** The parsed `config.json`, written back unchanged beside new weights. */
  readonly source: Readonly<Record<string, unknown>>
}

/** What sets a model family apart from Llama. Adding a family is adding a row. */
const families = {
  llama: {qkvBias: false, qkNorm: false},
  qwen2: {qkvBias: true, qkNorm: false},
  qwen3: {qkvBias: false, qkNorm: true},
} as const

/** A `model_type` that decoders are built for. */
export type Family = keyof typeof families

const size = z.int().min(1)
const ids = z.union([z.int(), z.array(z.int())]).nullish()

const configJson = z.looseObject({
  model_type: z.string(),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size.default(2048),
  rope_theta: z.number().positive().nullish(),
  rope_parameters: z
    .looseObject({rope_theta: z.number().positive().nullish(), rope_type: z.string().nullish()})
    .nullish(),
  rope_scaling: z.unknown().nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  hidden_act: z.string().default('silu'),
  use_sliding_window: z.boolean().nullish(),
  bos_token_id: ids,
  eos_token_id: ids,
})

/**
 * Reads a checkpoint's or a bare `config.json`.
 *
 * @param path a checkpoint folder or the JSON file itself
 * @throws {DataError} when the file is missing, malformed, or describes mathematics that is not implemented
 */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  const file = path.endsWith('.json') ? path : join(path, 'config.json')
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new DataError(
      `reading the model config ${file}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`,
      {
        cause,
        suggestions: ['give a checkpoint folder with config.json, model.safetensors and tokenizer.json'],
      },
    )
  })
  return parseModelConfig(parseJson(text, file), file)
}

/** Turns a parsed `config.json` into a ModelConfig; `where` names it in errors. */
export function parseModelConfig(source: unknown, where: string): ModelConfig {
  const parsed = configJson.safeParse(source)
  if (!parsed.success) {
    const [{path, message}] = parsed.error.issues
    throw new DataError(`${where}: ${path.join('.') || 'the file'}: ${message}`)
  }
  const raw = parsed.data
  const family = raw.model_type as Family
  if (!(family in families))
    throw new DataError(`${where}: model_type is ${raw.model_type}; supported: ${Object.keys(families).join(', ')}`)
  refuseUnsupported(raw, where)
  const kvHeads = raw.num_key_value_heads ?? raw.num_attention_heads
  const headSize = raw.head_dim ?? raw.hidden_size / raw.num_attention_heads
  if (raw.num_attention_heads % kvHeads !== 0)
    throw new DataError(`${where}: ${raw.num_attention_heads} heads cannot share ${kvHeads} key-value heads evenly`)
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    throw new DataError(`${where}: head size is ${headSize}; rotary embedding needs an even whole number`)
  return {
    family,
    vocabulary: raw.vocab_size,
    hidden: raw.hidden_size,
    intermediate: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    kvHeads,
    headSize,
    ropeTheta: raw.rope_parameters?.rope_theta ?? raw.rope_theta ?? 10000,
    normEpsilon: raw.rms_norm_eps,
    maxPositions: raw.max_position_embeddings,
    tiedHead: raw.tie_word_embeddings,
    ...families[family],
    startId: typeof raw.bos_token_id === 'number' ? raw.bos_token_id : null,
    endIds: raw.eos_token_id == null ? [] : [raw.eos_token_id].flat(),
    source: source as Record<string, unknown>,
  }
}

/** Fields that change the mathematics, with the values that leave it as it is. */
function refuseUnsupported(raw: z.infer<typeof configJson>, where: string): void {
  const ropeType = raw.rope_parameters?.rope_type ?? 'default'
  const refusals: [boolean, string][] = [
    [raw.rope_scaling != null, 'rope_scaling is set; only plain rotary embedding is supported'],
    [ropeType !== 'default', `rope_type is ${ropeType}; only default is supported`],
    [raw.hidden_act !== 'silu', `hidden_act is ${raw.hidden_act}; only silu is supported`],
    [raw.use_sliding_window === true, 'sliding-window attention is not supported'],
    [raw.mlp_bias === true, 'mlp_bias is not supported'],
    [raw.attention_bias === true, 'attention_bias (a bias on all four projections) is not supported'],
  ]
  const refused = refusals.find(([isRefused]) => isRefused)
  if (refused) throw new DataError(`${where}: ${refused[1]}`)
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DataError(`${file} is not JSON: ${(cause as Error).message}`, {cause})
  }
}
