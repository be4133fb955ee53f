import {sizeOf} from '../util/shape.js'
import type {LayerNorms} from './families.js'
import type {ModelConfig} from './model-config.js'

/** How a tensor starts when there is no checkpoint. */
export type Initialization = 'embedding' | 'linear' | 'residual' | 'ones' | 'zeros' | 'uniform'

/** One tensor of a checkpoint: its Hugging Face name and its share of the leading axis. */
export interface ParameterPart {
  readonly name: string
  readonly rows: number
}

/**
 * One weight of the decoder as graphs see it.
 *
 * Projections of the same input are one matrix (query, key and value; gate and up), so that they are one product; its
 * parts are the tensors of the checkpoint, stacked along the first axis.
 */
export interface Parameter {
  readonly name: string
  readonly shape: readonly number[]
  readonly parts: readonly ParameterPart[]
  readonly initialization: Initialization
}

/** Hugging Face's name of the embedding, one row a token. */
export const embeddingName = 'model.embed_tokens.weight'
/** That of the norm behind the last layer. */
export const finalNormName = 'model.norm.weight'
/** That of the matrix that makes logits; a model with a tied head has the embedding in its place. */
export const headName = 'lm_head.weight'

/** A weight that is one tensor of the checkpoint. */
export function single(name: string, shape: readonly number[], initialization: Initialization): Parameter {
  return {name, shape, parts: [{name, rows: shape[0]}], initialization}
}

/** Every weight of the model, in the order of the forward pass; adapters are not among them. */
export function parametersOf(config: ModelConfig): Parameter[] {
  const {hidden, intermediate, headSize, heads, kvHeads, vocabulary} = config
  const qkvRows = {q: heads * headSize, k: kvHeads * headSize, v: kvHeads * headSize}
  const stacked = (name: string, suffix: string, parts: Record<string, number>, columns: number[]): Parameter => ({
    name: `${name}.${Object.keys(parts).join('')}_proj.${suffix}`,
    shape: [Object.values(parts).reduce((sum, rows) => sum + rows, 0), ...columns],
    parts: Object.entries(parts).map(([part, rows]) => ({name: `${name}.${part}_proj.${suffix}`, rows})),
    initialization: suffix === 'bias' ? 'zeros' : 'linear',
  })
  const qkNorms = config.qkNorm ? Object.entries(qkNormSizes(config)[config.qkNorm]) : []
  const layer = (index: number): Parameter[] => {
    const at = `model.layers.${index}`
    const norm = (place: keyof LayerNorms) =>
      config.norms[place] ? [single(`${at}.${config.norms[place]}.weight`, [hidden], 'ones')] : []
    return [
      ...norm('beforeAttention'),
      stacked(`${at}.self_attn`, 'weight', qkvRows, [hidden]),
      ...(config.qkvBias ? [stacked(`${at}.self_attn`, 'bias', qkvRows, [])] : []),
      ...qkNorms.map(([part, size]) => single(`${at}.self_attn.${part}_norm.weight`, [size], 'ones')),
      single(`${at}.self_attn.o_proj.weight`, [hidden, heads * headSize], 'residual'),
      ...(config.outputBias ? [single(`${at}.self_attn.o_proj.bias`, [hidden], 'zeros')] : []),
      ...norm('afterAttention'),
      ...norm('beforeMlp'),
      stacked(`${at}.mlp`, 'weight', {gate: intermediate, up: intermediate}, [hidden]),
      single(`${at}.mlp.down_proj.weight`, [hidden, intermediate], 'residual'),
      ...norm('afterMlp'),
    ]
  }
  return [
    single(embeddingName, [vocabulary, hidden], 'embedding'),
    ...Array.from({length: config.layers}, (_, index) => layer(index)).flat(),
    single(finalNormName, [hidden], 'ones'),
    ...(config.tiedHead ? [] : [single(headName, [vocabulary, hidden], 'linear')]),
  ]
}

function qkNormSizes({heads, kvHeads, headSize}: ModelConfig) {
  return {head: {q: headSize, k: headSize}, projection: {q: heads * headSize, k: kvHeads * headSize}}
}

/** Number of weights, adapters not counted. */
export function parameterCount(config: ModelConfig): number {
  return countOf(parametersOf(config))
}

/** Numbers that some parameters hold together. */
export function countOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, {shape}) => sum + sizeOf(shape), 0)
}
