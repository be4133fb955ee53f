import type {ModelConfig} from '../../models/model-config.js'
import {attendCausally} from '../../nn/attention.js'
import {asHeads} from '../../nn/attention-products.js'
import {causalMask, earlierMask} from '../../nn/masks.js'
import {attendContextAndOwn} from '../../nn/shared-context.js'
import type {Ops} from '../../onnx/ops.js'
import type {Value} from '../../onnx/types.js'
import {type DecoderGraph, decoderGraph, type GraphSettings, outputVjp} from './decoder-graph.js'
import type {Direction} from './layer-segments.js'

/** Attention as graphs of its own, a block of queries at a time. They have no weights, so one serves all layers. */

/** Static shape of a block of queries of B sequences, against the first keys of each. */
export interface ContextBlock {
  readonly sequences: number
  /** Rows of each sequence. */
  readonly queries: number
  readonly keys: number
}

/** Static shape of a block of queries of the completions of P contexts. */
export interface CompletionBlock {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  /** Rows of each completion. */
  readonly queries: number
  /** First rows of each completion that the queries may attend to; those not earlier than a query are masked. */
  readonly keys: number
}

/**
 * Causal self-attention of contexts. Inputs, rows in row-major order: `queries` [B*M, H, D]; `keys`, `values` [B*S, K, D];
 * `first_row`, the index of the first query in its sequence; backward also `cotangent/attended` [B*M, H*D].
 *
 * Outputs: `attended`; or `gradient/queries`, `gradient/keys`, `gradient/values`.
 */
export function contextAttentionGraph(
  config: ModelConfig,
  {sequences, queries: count, keys: seen}: ContextBlock,
  direction: Direction,
  settings?: GraphSettings,
): DecoderGraph {
  const {heads, kvHeads, headSize} = config
  const {decoder, op, queries} = open(config, sequences * count, settings)
  const [keys, values] = cacheInputs(op, ['keys', 'values'], [sequences * seen, kvHeads, headSize])
  const mask = causalMask(op, {first: op.indexInput('first_row', []), count}, seen)
  const cache = {keys: asHeads(op, keys, sequences, seen), values: asHeads(op, values, sequences, seen)}
  const rows = op.reshape(queries, [sequences, count, heads, headSize])
  const attended = op.reshape(attendCausally(op, config, rows, cache, mask), [sequences * count, heads * headSize])
  return declare(decoder, attended, [queries, keys, values], direction)
}

/**
 * Attention of completions to their context, to earlier rows of their own, and to themselves. Inputs: `queries`
 * [P*G*M, H, D], `keys`, `values` [P*G*M, K, D] of the same rows; `own_keys`, `own_values` [P*G*S, K, D], where these are
 * other rows; `context_keys`, `context_values` [P*Tc, K, D]; `context_lengths` [P]; `first_row` and `cotangent/attended` as
 * above.
 *
 * Outputs: `attended` [P*G*M, H*D]; or `gradient/<name>` of all rows that were fed.
 */
export function completionAttentionGraph(
  config: ModelConfig,
  {contexts, groupSize, contextLength, queries: count, keys: seen}: CompletionBlock,
  direction: Direction,
  settings?: GraphSettings,
): DecoderGraph {
  const {heads, kvHeads, headSize} = config
  const completions = contexts * groupSize
  const {decoder, op, queries} = open(config, completions * count, settings)
  const [keys, values] = cacheInputs(op, ['keys', 'values'], [completions * count, kvHeads, headSize])
  const own = count === seen ? [] : cacheInputs(op, ['own_keys', 'own_values'], [completions * seen, kvHeads, headSize])
  const context = cacheInputs(op, ['context_keys', 'context_values'], [contexts * contextLength, kvHeads, headSize])
  const [ownKeys, ownValues] = (count === seen ? [keys, values] : own).map((rows) =>
    asHeads(op, rows, completions, seen),
  )
  const [contextKeys, contextValues] = context.map((rows) => asHeads(op, rows, contexts, contextLength))
  const attended = attendContextAndOwn(
    op,
    {
      ...config,
      contexts,
      groupSize,
      contextLength,
      completionLength: count,
      contextLengths: op.indexInput('context_lengths', [contexts]),
    },
    {queries, keys, values},
    {keys: contextKeys, values: contextValues},
    {keys: ownKeys, values: ownValues},
    earlierMask(op, {first: op.indexInput('first_row', []), count}, seen),
  )
  const rows = op.reshape(attended, [completions * count, heads * headSize])
  return declare(decoder, rows, [queries, keys, values, ...own, ...context], direction)
}

/** A graph without weights, and its queries. */
function open(config: ModelConfig, rows: number, settings: GraphSettings | undefined) {
  const decoder = decoderGraph(config, 0, settings, [])
  return {decoder, op: decoder.op, queries: decoder.op.input('queries', [rows, config.heads, config.headSize])}
}

function cacheInputs(op: Ops, names: readonly string[], shape: readonly number[]): Value[] {
  return names.map((name) => op.input(name, shape))
}

function declare(decoder: DecoderGraph, attended: Value, inputs: readonly Value[], direction: Direction): DecoderGraph {
  const {op} = decoder
  if (direction === 'forward') op.graph.output('attended', attended)
  else outputVjp(decoder, [[attended, op.input('cotangent/attended', attended.shape)]], inputs)
  return decoder
}
