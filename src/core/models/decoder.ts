import type {Attend} from '../nn/attention.js'
import {embedding, linear, rmsNorm, swiGlu} from '../nn/layers.js'
import {type RotaryRows, rotaryRows, rotate} from '../nn/rotary.js'
import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import type {ModelConfig} from './model-config.js'
import {parametersOf} from './parameters.js'

/** The weights of a decoder as inputs of one graph, and its rotary tables. */
export class DecoderWeights {
  private readonly values: ReadonlyMap<string, Value>
  private readonly tables: {cos: Value; sin: Value}

  constructor(
    op: Ops,
    readonly config: ModelConfig,
    /** Positions that the rotary tables cover. */
    readonly positions: number,
  ) {
    this.values = new Map(parametersOf(config).map(({name, shape}) => [name, op.input(name, shape)]))
    this.tables = {
      cos: op.input('rotary.cos', [positions, config.headSize]),
      sin: op.input('rotary.sin', [positions, config.headSize]),
    }
  }

  /** The weight of that name. */
  get(name: string): Value {
    return this.values.get(name)!
  }

  /** The weight of that name, where the family has one. */
  find(name: string): Value | undefined {
    return this.values.get(name)
  }

  /** All weights, in the order of `parametersOf`. */
  all(): Value[] {
    return [...this.values.values()]
  }

  /** Cosines and sines for positions [N]. */
  rotaryRows(op: Ops, positions: Value): RotaryRows {
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
  let hidden = embedding(op, ids, weights.get('model.embed_tokens.weight'))
  for (let layer = 0; layer < weights.config.layers; layer++)
    hidden = op.scope(`layer${layer}`, () => decoderLayer(op, weights, layer, hidden, rotary, attend(layer)))
  return hidden
}

/** Logits of hidden rows: final norm, then the head, [N, C] -> [N, V]. */
export function logitsOf(op: Ops, weights: DecoderWeights, hidden: Value): Value {
  const {tiedHead, normEpsilon} = weights.config
  const normed = rmsNorm(op, hidden, weights.get('model.norm.weight'), normEpsilon)
  return linear(op, normed, weights.get(tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight'))
}

function decoderLayer(
  op: Ops,
  weights: DecoderWeights,
  layer: number,
  input: Value,
  rotary: RotaryRows,
  attend: Attend,
): Value {
  const at = `model.layers.${layer}`
  const weight = (name: string) => weights.get(`${at}.${name}.weight`)
  const epsilon = weights.config.normEpsilon

  const forAttention = rmsNorm(op, input, weight('input_layernorm'), epsilon)
  const attended = attend(attentionHeads(op, weights, at, forAttention, rotary))
  const kept = op.slice(input, 0, input.shape[0] - attended.shape[0], input.shape[0])
  const outputBias = weights.find(`${at}.self_attn.o_proj.bias`)
  const afterAttention = op.add(kept, linear(op, attended, weight('self_attn.o_proj'), outputBias))

  const forMlp = rmsNorm(op, afterAttention, weight('post_attention_layernorm'), epsilon)
  const activated = swiGlu(op, linear(op, forMlp, weight('mlp.gateup_proj')))
  return op.add(afterAttention, linear(op, activated, weight('mlp.down_proj')))
}

function attentionHeads(op: Ops, weights: DecoderWeights, at: string, x: Value, rotary: RotaryRows) {
  const {heads, kvHeads, headSize, normEpsilon} = weights.config
  const rows = x.shape[0]
  const qkv = linear(
    op,
    x,
    weights.get(`${at}.self_attn.qkv_proj.weight`),
    weights.find(`${at}.self_attn.qkv_proj.bias`),
  )
  const [q, k, v] = op.split(qkv, -1, [heads * headSize, kvHeads * headSize, kvHeads * headSize])
  const normed = (heads_: Value, part: 'q' | 'k') => {
    const weight = weights.find(`${at}.self_attn.${part}_norm.weight`)
    return weight ? rmsNorm(op, heads_, weight, normEpsilon) : heads_
  }
  return {
    queries: rotate(op, normed(op.reshape(q, [rows, heads, headSize]), 'q'), rotary),
    keys: rotate(op, normed(op.reshape(k, [rows, kvHeads, headSize]), 'k'), rotary),
    values: op.reshape(v, [rows, kvHeads, headSize]),
  }
}
