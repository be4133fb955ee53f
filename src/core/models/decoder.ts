import type {Attend, AttentionHeads} from '../nn/attention.js'
import {embedding, linear, rmsNorm, swiGlu} from '../nn/layers.js'
import {lowRank} from '../nn/low-rank.js'
import {type RotaryRows, rotaryRows} from '../nn/rotary.js'
import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import {adapterScale} from './adapter.js'
import {adapterOf, allParametersOf, trainedParametersOf} from './adapters.js'
import type {LayerNorms} from './families.js'
import {layerKindOf, turns} from './layer-kinds.js'
import type {ModelConfig} from './model-config.js'
import {embeddingName, finalNormName, headName, type Parameter, type ParameterPart} from './parameters.js'

/** Weights of a decoder and its adapters as inputs of one graph, and its rotary tables. */
export class DecoderWeights {
  private readonly values: ReadonlyMap<string, Value>
  private readonly parts: ReadonlyMap<string, readonly ParameterPart[]>
  private tables: {cos: Value; sin: Value} | undefined

  constructor(
    private readonly op: Ops,
    readonly config: ModelConfig,
    /** Positions that the rotary tables cover. */
    readonly positions: number,
    /** Those that the graph needs. */
    parameters: readonly Parameter[] = allParametersOf(config),
  ) {
    this.values = new Map(parameters.map(({name, shape}) => [name, op.input(name, shape)]))
    this.parts = new Map(parameters.map(({name, parts}) => [name, parts]))
  }

  /** The weight of that name. */
  get(name: string): Value {
    return this.values.get(name)!
  }

  /** The weight of that name, where the family has one. */
  find(name: string): Value | undefined {
    return this.values.get(name)
  }

  /** The tensors of the checkpoint that the weight of that name is made of. */
  partsOf(name: string): readonly ParameterPart[] {
    return this.parts.get(name)!
  }

  /** Those that training changes. */
  trained(): Value[] {
    return trainedParametersOf(this.config).flatMap(({name}) => this.find(name) ?? [])
  }

  /** Cosines and sines for positions [N], in the graph itself or in a loop's body; declares the tables as inputs. */
  rotaryRows(op: Ops, positions: Value): RotaryRows {
    const shape = [this.positions, this.config.headSize]
    this.tables ??= {cos: this.op.input('rotary.cos', shape), sin: this.op.input('rotary.sin', shape)}
    return rotaryRows(op, positions, this.tables.cos, this.tables.sin)
  }
}

/**
 * Hidden states of token rows before the final norm: ids [N], positions [N] -> [N, C].
 *
 * What a row may attend to is the caller's: `attend(layer)` gives each layer's pattern. That of the last layer may return
 * the last M rows only; then [M, C] comes out.
 */
export function hiddenStates(
  op: Ops,
  weights: DecoderWeights,
  {ids, positions}: {ids: Value; positions: Value},
  attend: (layer: number) => Attend,
): Value {
  const rotary = weights.rotaryRows(op, positions)
  let hidden = embedding(op, ids, weights.get(embeddingName))
  for (let layer = 0; layer < weights.config.layers; layer++)
    hidden = op.scope(`layer${layer}`, () => decoderLayer(op, weights, layer, hidden, rotary, attend(layer)))
  return hidden
}

/** Logits of hidden rows: final norm, then the head, [N, C] -> [N, V]. */
export function logitsOf(op: Ops, weights: DecoderWeights, hidden: Value): Value {
  const {tiedHead, normEpsilon} = weights.config
  const normed = rmsNorm(op, hidden, weights.get(finalNormName), normEpsilon)
  return linear(op, normed, weights.get(tiedHead ? embeddingName : headName))
}

function decoderLayer(
  op: Ops,
  weights: DecoderWeights,
  layer: number,
  input: Value,
  rotary: RotaryRows,
  attend: Attend,
): Value {
  const attended = attend(attentionHeads(op, weights, layer, input, rotary))
  const kept = op.slice(input, 0, input.shape[0] - attended.shape[0], input.shape[0])
  return feedForward(op, weights, layer, kept, attended)
}

/** The first part of a layer, up to attention: rows [N, C] -> rotated queries, keys and values. */
export function attentionHeads(
  op: Ops,
  weights: DecoderWeights,
  layer: number,
  input: Value,
  rotary: RotaryRows,
): AttentionHeads {
  const at = `model.layers.${layer}`
  const {config} = weights
  const {heads, kvHeads, headSize} = config
  const rows = input.shape[0]
  const forAttention = normed(op, weights, layer, 'beforeAttention', input)
  const [q, k, v] = project(op, weights, forAttention, `${at}.self_attn.qkv_proj`)
  const turn = turns[layerKindOf(config, layer)]
  const turnedHeads = (x: Value, count: number, part: 'q' | 'k') => {
    const weight = weights.find(`${at}.self_attn.${part}_norm.weight`)
    // As wide as its weight is what is normed: each head, or all heads of a row together.
    const pieces = (width: number) => op.reshape(x, [rows, (count * headSize) / width, width])
    const whole = weight ? rmsNorm(op, pieces(weight.shape[0]), weight, config.normEpsilon) : x
    return turn(op, op.reshape(whole, [rows, count, headSize]), rotary)
  }
  return {
    queries: turnedHeads(q, heads, 'q'),
    keys: turnedHeads(k, kvHeads, 'k'),
    values: op.reshape(v, [rows, kvHeads, headSize]),
  }
}

/** The last part of a layer, after attention: its input [N, C] and the attended rows [N, H*D] -> [N, C]. */
export function feedForward(op: Ops, weights: DecoderWeights, layer: number, input: Value, attended: Value): Value {
  const at = `model.layers.${layer}`
  const norm = (place: keyof LayerNorms, x: Value) => normed(op, weights, layer, place, x)
  const [projected] = project(op, weights, attended, `${at}.self_attn.o_proj`)
  const afterAttention = op.add(input, norm('afterAttention', projected))

  const [gate, up] = project(op, weights, norm('beforeMlp', afterAttention), `${at}.mlp.gateup_proj`)
  const [down] = project(op, weights, swiGlu(op, gate, up), `${at}.mlp.down_proj`)
  return op.add(afterAttention, norm('afterMlp', down))
}

/** x through a projection, and through the adapters on it: [N, in] -> [N, rows] for each part that it is made of. */
function project(op: Ops, weights: DecoderWeights, x: Value, name: string): readonly Value[] {
  const product = linear(op, x, weights.get(`${name}.weight`), weights.find(`${name}.bias`))
  const parts = weights.partsOf(`${name}.weight`)
  const {config} = weights
  const outputs = op.split(
    product,
    -1,
    parts.map(({rows}) => rows),
  )
  return outputs.map((output, i) => {
    const names = adapterOf(config, parts[i])
    if (!names) return output
    return op.add(output, lowRank(op, x, weights.get(names.a), weights.get(names.b), adapterScale(config.adapter!)))
  })
}

/** x [N, C] through the norm at a place of a layer; as it is where the family has none there. */
function normed(op: Ops, weights: DecoderWeights, layer: number, place: keyof LayerNorms, x: Value): Value {
  const {norms, normEpsilon} = weights.config
  const name = norms[place]
  return name ? rmsNorm(op, x, weights.get(`model.layers.${layer}.${name}.weight`), normEpsilon) : x
}
