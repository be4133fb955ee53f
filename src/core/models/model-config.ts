import {existsSync, statSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {z} from 'zod'
import type {RotaryScaling} from '../nn/rotary-scaling.js'
import {DataError} from '../util/errors.js'
import {readPlainText} from '../util/plain-file.js'
import {parseStrictJson} from '../util/strict-json.js'
import {foreignWeights} from '../weights/index.js'
import type {Adapter} from './adapter.js'
import {type Family, families, type LayerNorms, supportedFamilies} from './families.js'
import {generationFile, readGenerationConfig} from './generation-config.js'
import {readRope} from './rope.js'
import {findUnsupported} from './unsupported.js'

export type {Family} from './families.js'

/** A decoder as its `config.json` describes it. */
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
  readonly ropeScaling: RotaryScaling
  readonly normEpsilon: number
  /** Longest sequence in tokens. */
  readonly maxPositions: number
  readonly tiedHead: boolean
  /** Biases on the query, key and value projections. */
  readonly qkvBias: boolean
  /** A bias on the projection of the attended values. */
  readonly outputBias: boolean
  readonly norms: LayerNorms
  /** RMS norms of queries and keys: of each head, or of the whole projection. */
  readonly qkNorm: 'head' | 'projection' | null
  /** Layers whose queries and keys are not rotated: those listed, counted from 0, and each `every`th. */
  readonly unrotated: {readonly layers: readonly number[]; readonly every: number}
  readonly startId: number | null
  /** Every token that ends a completion; the first is put after a document. */
  readonly endIds: readonly number[]
  /** The parsed `config.json` with the end tokens above, written back beside new weights. */
  readonly source: Readonly<Record<string, unknown>>
  /** Adapters on its linear layers, which no `config.json` tells of: then they are what is trained. */
  readonly adapter: Adapter | null
}

const size = z.int().min(1)
const id = z.int().min(0)
const endIds = z.union([id, z.array(id)]).nullish()
const flag = z.boolean().nullish()

const configJson = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size,
  rope_theta: z.number().positive().nullish(),
  original_max_position_embeddings: size.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: flag,
  attention_bias: flag,
  no_rope_layers: z.array(z.union([z.literal(0), z.literal(1), z.boolean()])).nullish(),
  no_rope_layer_interval: size.nullish(),
  bos_token_id: z.unknown().optional(),
  eos_token_id: endIds,
})

const generationJson = z.looseObject({eos_token_id: endIds})

/**
 * Reads a checkpoint's or a bare `config.json`.
 *
 * @param path a checkpoint folder, whose `generation_config.json` is then read too, or the JSON file itself
 * @throws {DataError} when a file is missing or malformed, contradicts itself, or describes mathematics that is not
 *   implemented
 */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  const isFile = path.endsWith('.json') || (existsSync(path) && !statSync(path).isDirectory())
  const file = isFile ? path : join(path, 'config.json')
  const source = readObject(file)
  const generation = isFile ? {} : readGenerationConfig(path)
  const {eos_token_id: replacing} = check(generationJson, generation, generationFile(path))
  return parseModelConfig(
    withEndIds(source, replacing),
    file,
    listOf(replacing).length > 0 ? generationFile(path) : file,
  )
}

/** Turns a parsed `config.json` into a ModelConfig; `where` names it in errors, `endIdsWhere` the file of its end tokens. */
export function parseModelConfig(source: unknown, where: string, endIdsWhere = where): ModelConfig {
  const given = check(z.record(z.string(), z.unknown()), source, where)
  const unsupported = findUnsupported({...defaultsOf(given), ...given})
  if (unsupported)
    throw new DataError(`${where}: ${unsupported.problem}`, {
      suggestions: [unsupported.remedy ?? `supported models: ${supportedFamilies}`],
    })
  const traits = families[given.model_type as Family]
  const raw = check(configJson, {...traits.defaults, ...given}, where)
  const headSize = raw.head_dim ?? raw.hidden_size / raw.num_attention_heads
  const sizes = {headSize, maxPositions: raw.max_position_embeddings, defaultTheta: traits.defaultTheta}
  const {theta, scaling, positions} = readRope(raw, sizes, where)
  const config: ModelConfig = {
    family: given.model_type as Family,
    vocabulary: raw.vocab_size,
    hidden: raw.hidden_size,
    intermediate: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    kvHeads: raw.num_key_value_heads ?? raw.num_attention_heads,
    headSize,
    ropeTheta: theta,
    ropeScaling: scaling,
    normEpsilon: raw.rms_norm_eps,
    maxPositions: positions,
    tiedHead: raw.tie_word_embeddings ?? false,
    qkvBias: traits.qkvBias || (traits.readsAttentionBias && raw.attention_bias === true),
    outputBias: traits.readsAttentionBias && raw.attention_bias === true,
    norms: traits.norms,
    qkNorm: traits.qkNorm,
    unrotated: unrotatedOf(raw, where),
    startId: typeof raw.bos_token_id === 'number' ? raw.bos_token_id : null,
    endIds: listOf(raw.eos_token_id),
    source: given,
    adapter: null,
  }
  refuseContradictions(config, where)
  checkEndIds(config, endIdsWhere)
  return config
}

/** As transformers reads them: an entry of 1 for each rotated layer; without a list, each layer at the interval is not. */
function unrotatedOf(
  {no_rope_layers: list, no_rope_layer_interval: interval, num_hidden_layers: layers}: z.infer<typeof configJson>,
  where: string,
): ModelConfig['unrotated'] {
  if (!list) return {layers: [], every: interval ?? Number.POSITIVE_INFINITY}
  if (list.length < layers)
    throw new DataError(
      `${where}: no_rope_layers has ${list.length} entries; expected one for each of ${layers} layers`,
    )
  return {layers: list.flatMap((isRotated, layer) => (isRotated ? [] : [layer])), every: Number.POSITIVE_INFINITY}
}

function defaultsOf({model_type: modelType}: Readonly<Record<string, unknown>>) {
  return Object.hasOwn(families, String(modelType)) ? families[modelType as Family].defaults : {}
}

/** As transformers generates: end tokens of generation_config.json, where it names any, replace those of config.json. */
function withEndIds(source: Readonly<Record<string, unknown>>, replacing: z.infer<typeof endIds>) {
  return listOf(replacing).length > 0 ? {...source, eos_token_id: replacing} : source
}

function refuseContradictions({heads, kvHeads, headSize}: ModelConfig, where: string): void {
  if (heads % kvHeads !== 0)
    throw new DataError(`${where}: ${heads} heads cannot share ${kvHeads} key-value heads evenly`)
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    throw new DataError(`${where}: head size is ${headSize}; rotary embedding needs an even whole number`)
}

function checkEndIds({endIds: ends, vocabulary}: ModelConfig, where: string): void {
  const outside = ends.find((end) => end >= vocabulary)
  if (outside !== undefined)
    throw new DataError(`${where}: eos_token_id ${outside} is outside of the vocabulary of ${vocabulary}`)
}

function listOf(ids: z.infer<typeof endIds>): number[] {
  return ids == null ? [] : [ids].flat()
}

function readObject(file: string): Record<string, unknown> {
  return check(z.record(z.string(), z.unknown()), parseStrictJson(readText(file), file), file)
}

function readText(file: string): string {
  try {
    return readPlainText(file)
  } catch (error) {
    if (error instanceof DataError) throw error
    const {code, message} = error as NodeJS.ErrnoException
    const isAbsent = code === 'ENOENT'
    const found = isAbsent ? foreignWeights(dirname(file)) : null
    const what = `${isAbsent ? 'no such file' : message}${found ? `; ${found.what}` : ''}`
    throw new DataError(`reading the model config ${file}: ${what}`, {
      cause: error,
      suggestions: [found?.remedy ?? 'give a checkpoint folder with config.json, model.safetensors and tokenizer.json'],
    })
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const [{path, message}] = checked.error.issues
  throw new DataError(`${where}: ${path.join('.') || 'the file'}: ${message}`)
}
