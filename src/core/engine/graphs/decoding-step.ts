import {hiddenStates, logitsOf} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Attend, KeyValueCache} from '../../nn/attention.js'
import {chooseTokens, type SamplingSettings} from '../../nn/distribution.js'
import {decodingAttention} from '../../nn/shared-context.js'
import type {Ops} from '../../onnx/ops.js'
import type {Value} from '../../onnx/types.js'
import {type DecoderGraph, decoderGraph} from './decoder-graph.js'

/** Static shape of P contexts with G rows each. */
export interface StepShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  /** Entries that the rows' own caches have room for. */
  readonly capacity: number
  /** Rows of the rotary tables. */
  readonly positions: number
}

/**
 * One token for each of P * G rows.
 *
 * Inputs: `ids`, `own_lengths` (tokens fed to the row before this one), `uniforms` [P*G]; `context_lengths` [P]; per
 * layer i `context_keys_i`, `context_values_i` [P, K, Tc, D], `own_keys_i`, `own_values_i` [P*G, K, S, D].
 * Outputs: `tokens`, `old_logprobs`, `margins` [P*G]; `entries` [2 * layers, P*G, K, D], each layer's new keys and values.
 */
export function decodingStepGraph(config: ModelConfig, shape: StepShape, sampling: SamplingSettings): DecoderGraph {
  const {contexts, groupSize, contextLength, capacity} = shape
  const decoder = decoderGraph(config, shape.positions)
  const {op, weights} = decoder
  const rows = contexts * groupSize
  const ids = op.indexInput('ids', [rows])
  const ownLengths = op.indexInput('own_lengths', [rows])
  const uniforms = op.input('uniforms', [rows])
  const contextLengths = op.indexInput('context_lengths', [contexts])

  const entries: Value[] = []
  const attend = (layer: number): Attend => {
    const context = cacheInput(op, 'context', layer, [contexts, config.kvHeads, contextLength, config.headSize])
    const own = cacheInput(op, 'own', layer, [rows, config.kvHeads, capacity, config.headSize])
    return (heads) => {
      entries.push(heads.keys, heads.values)
      return decodingAttention(op, {...config, ...shape, contextLengths}, heads, context, own, ownLengths)
    }
  }
  const positions = op.add(perRow(op, contextLengths, groupSize), ownLengths)
  const logits = logitsOf(op, weights, hiddenStates(op, weights, {ids, positions}, attend))
  const chosen = chooseTokens(op, logits, uniforms, sampling)
  op.graph.output('tokens', chosen.ids)
  op.graph.output('old_logprobs', chosen.oldLogprobs)
  op.graph.output('margins', chosen.margins)
  op.graph.output('entries', stacked(op, entries))
  return decoder
}

/** Declares the inputs `<whose>_keys_<layer>` and `<whose>_values_<layer>` of a shape. */
function cacheInput(op: Ops, whose: 'context' | 'own', layer: number, shape: readonly number[]): KeyValueCache {
  return {keys: op.input(`${whose}_keys_${layer}`, shape), values: op.input(`${whose}_values_${layer}`, shape)}
}

/** Values of one shape, along a new first axis. */
function stacked(op: Ops, values: readonly Value[]): Value {
  const rows = values.map((value) => op.reshape(value, [1, ...value.shape]))
  return op.concat(rows, 0)
}

/** Values of P contexts repeated for their G rows: [P] -> [P*G]. */
export function perRow(op: Ops, values: Value, groupSize: number): Value {
  const [contexts] = values.shape
  return op.reshape(op.expand(op.reshape(values, [contexts, 1]), [contexts, groupSize]), [contexts * groupSize])
}
