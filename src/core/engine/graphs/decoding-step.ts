import {hiddenStates, logitsOf} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Attend} from '../../nn/attention.js'
import {decodingAttention} from '../../nn/decoding-attention.js'
import {chooseTokens, type SamplingSettings} from '../../nn/distribution.js'
import {filledMask} from '../../nn/masks.js'
import {valueLayout} from '../../nn/page-layout.js'
import type {Ops} from '../../onnx/ops.js'
import type {Value} from '../../onnx/types.js'
import {type DecoderGraph, decoderGraph} from './decoder-graph.js'
import {pageSizes, pageTokens} from './pages.js'

/** Static shape of P contexts with G rows each. */
export interface StepShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  /** Entries that the rows' own caches have room for, in the pages of `pageSizes`. */
  readonly capacity: number
  /** Whether every row has filled all pages but the last. */
  readonly isEven: boolean
  /** Rows of the rotary tables. */
  readonly positions: number
}

/**
 * One token for each of P * G rows.
 *
 * Inputs: `ids`, `own_lengths` (tokens fed to the row before this one), `uniforms` [P*G]; `context_lengths` [P]; per
 * layer i `context_keys_i`, `context_values_i` [P, K, Tc, D], and for each page p of a row's own cache `own_keys_i_p`,
 * `own_values_i_p`, laid out as `decodingAttention` reads them.
 * Outputs: `tokens`, `old_logprobs`, `margins` [P*G]; `entries` [2 * layers, P*G, K, D], each layer's new keys and values.
 */
export function decodingStepGraph(config: ModelConfig, shape: StepShape, sampling: SamplingSettings): DecoderGraph {
  const {contexts, groupSize, contextLength, capacity} = shape
  const decoder = decoderGraph(config, shape.positions)
  const {op, weights} = decoder
  const rows = contexts * groupSize
  const sequences = rows * config.kvHeads
  const ids = op.indexInput('ids', [rows])
  const ownLengths = op.indexInput('own_lengths', [rows])
  const uniforms = op.input('uniforms', [rows])
  const contextLengths = op.indexInput('context_lengths', [contexts])

  const entries: Value[] = []
  const masks = pageMasks(op, ownLengths, shape, config.heads / config.kvHeads)
  const attend = (layer: number): Attend => {
    const cacheShape = [contexts, config.kvHeads, contextLength, config.headSize]
    const context = {
      keys: op.input(`context_keys_${layer}`, cacheShape),
      values: op.input(`context_values_${layer}`, cacheShape),
    }
    const pages = pageSizes(capacity).map((tokens, page) => {
      const caches = pageInput(op, config.headSize, {sequences, tokens}, `${layer}_${page}`)
      return {...caches, mask: masks[page]}
    })
    return (heads) => {
      entries.push(heads.keys, heads.values)
      return decodingAttention(op, {...config, ...shape, contextLengths}, heads, context, pages)
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

/** The mask of each page, from the entries that the rows have; none where all rows have filled it. */
function pageMasks(op: Ops, ownLengths: Value, shape: StepShape, repeats: number): (Value | undefined)[] {
  const sizes = pageSizes(shape.capacity)
  return sizes.map((tokens, page) => {
    if (shape.isEven && page < sizes.length - 1) return undefined
    const lengths = op.sub(ownLengths, op.index(page * pageTokens))
    return filledMask(op, lengths, {...shape, repeats}, tokens)
  })
}

/** Declares the inputs `own_keys_<at>` and `own_values_<at>` of a page. */
function pageInput(op: Ops, headSize: number, {sequences, tokens}: {sequences: number; tokens: number}, at: string) {
  const {blocks, panels, blockTokens, width} = valueLayout(tokens, headSize)
  return {
    keys: op.input(`own_keys_${at}`, [sequences, tokens, headSize]),
    values: op.input(`own_values_${at}`, [sequences, blocks, panels, blockTokens, width]),
  }
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
