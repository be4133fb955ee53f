import {hiddenStates} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import {causalAttention, type KeyValueCache} from '../../nn/attention.js'
import {type DecoderGraph, decoderGraph} from './decoder-graph.js'

/** Static shape of a batch of contexts. */
export interface PrefillShape {
  readonly contexts: number
  readonly contextLength: number
}

/**
 * Keys and values of P contexts of Tc tokens.
 *
 * Inputs: `context_ids`, `context_positions` [P*Tc]. Outputs per layer i: `keys_i`, `values_i` [P, K, Tc, D].
 */
export function prefillGraph(config: ModelConfig, {contexts, contextLength}: PrefillShape): DecoderGraph {
  const decoder = decoderGraph(config, contextLength)
  prefill(decoder, {contexts, contextLength}).forEach(({keys, values}, layer) => {
    decoder.op.graph.output(`keys_${layer}`, keys)
    decoder.op.graph.output(`values_${layer}`, values)
  })
  return decoder
}

/** The caches of P contexts, one per layer; declares the inputs `context_ids` and `context_positions` [P*Tc]. */
export function prefill({op, weights}: DecoderGraph, {contexts, contextLength}: PrefillShape): KeyValueCache[] {
  const tokens = {
    ids: op.indexInput('context_ids', [contexts * contextLength]),
    positions: op.indexInput('context_positions', [contexts * contextLength]),
  }
  const caches: KeyValueCache[] = []
  const attend = causalAttention(op, weights.config, {rows: contexts, length: contextLength}, caches)
  op.scope('context', () => hiddenStates(op, weights, tokens, () => attend))
  return caches
}
