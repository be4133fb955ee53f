import type {ObjectiveSettings} from '../../grpo/objective.js'
import {attentionHeads, feedForward} from '../../models/decoder.js'
import {headParameters, layerParameters} from '../../models/layer-parameters.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Value} from '../../onnx/types.js'
import {type DecoderGraph, decoderGraph, type GraphSettings, outputGradients, outputVjp} from './decoder-graph.js'
import {languageModelHead} from './language-model.js'
import {policyHead} from './policy.js'

/** Parts of a decoder as graphs of their own: what is computed row by row, for any layer and any rows. */

/** Static shape of a graph of a part of a layer, and whose names it has: all layers of a kind are fed under them. */
export interface LayerShape extends RowsShape {
  /** The first of its kind. */
  readonly layer: number
}

/** Static shape of the last part of a layer, and whether its products are kept from the forward to the backward pass. */
export type FeedForwardShape = Omit<LayerShape, 'positions'> & {readonly keepsProducts?: boolean}

/** Widths of the products after attention that the gradient reads, by the projections that compute them. */
export function productWidths({hidden, intermediate}: ModelConfig) {
  return {'self_attn.o_proj': hidden, 'mlp.gateup_proj': 2 * intermediate}
}

/** Whether a graph computes what it is named for, or gradients given those of its outputs. */
export type Direction = 'forward' | 'backward'

/** Static shape of a graph that computes rows. */
export interface RowsShape {
  readonly rows: number
  /** Positions that the rotary tables cover. */
  readonly positions: number
}

/**
 * A layer up to attention. Inputs: `hidden` [N, C], `positions` [N]; backward also `cotangent/queries` [N, H, D],
 * `cotangent/keys`, `cotangent/values` [N, K, D], and `cotangent/residual` [N, C], what flows past this part.
 *
 * Outputs: `queries`, `keys`, `values`; or `gradient/hidden` [N, C], and of each weight.
 */
export function headsGraph(
  config: ModelConfig,
  {rows, positions, layer}: LayerShape,
  direction: Direction,
  settings?: GraphSettings,
): DecoderGraph {
  const decoder = decoderGraph(config, positions, settings, layerParameters(config, layer).heads)
  const {op, weights} = decoder
  const hidden = op.input('hidden', [rows, config.hidden])
  const rotary = weights.rotaryRows(op, op.indexInput('positions', [rows]))
  const heads = attentionHeads(op, weights, layer, hidden, rotary)
  const outputs = Object.entries(heads) as [string, Value][]
  if (direction === 'forward') for (const [name, value] of outputs) op.graph.output(name, value)
  else {
    const residual = op.input('cotangent/residual', hidden.shape)
    outputVjp(decoder, [...outputs.map(([name, value]) => pairOf(decoder, name, value)), [hidden, residual]], [hidden])
  }
  return decoder
}

/**
 * A layer after attention. Inputs: `hidden` [N, C], the layer's input; `attended` [N, H*D]; backward also
 * `cotangent/output` [N, C]. Outputs: `output` [N, C]; or `gradient/hidden`, `gradient/attended`, and of each weight.
 *
 * Products that are kept are outputs of the forward graph and inputs of the backward one, which computes all others again:
 * see `productWidths`.
 */
export function feedForwardGraph(
  config: ModelConfig,
  {rows, layer, keepsProducts = false}: FeedForwardShape,
  direction: Direction,
  settings?: GraphSettings,
): DecoderGraph {
  const decoder = decoderGraph(config, 0, settings, layerParameters(config, layer).feedForward)
  const {op, weights} = decoder
  const hidden = op.input('hidden', [rows, config.hidden])
  const attended = op.input('attended', [rows, config.heads * config.headSize])
  const output = feedForward(op, weights, layer, hidden, attended)
  const kept = keepsProducts ? keptProducts(decoder, layer) : []
  if (direction === 'forward') {
    op.graph.output('output', output)
    for (const [name, product] of kept) op.graph.output(name, product)
  } else {
    outputVjp(decoder, [pairOf(decoder, 'output', output)], [hidden, attended])
    for (const [name, product] of kept) op.graph.feed(name, product)
  }
  return decoder
}

/** The products of `productWidths`, by their names. */
function keptProducts({op, weights}: DecoderGraph, layer: number): [string, Value][] {
  return Object.keys(productWidths(weights.config)).map((name) => {
    const weight = weights.get(`model.layers.${layer}.${name}.weight`)
    const node = op.graph.nodes.find(({op: type, inputs}) => type === 'FusedMatMul' && inputs[1] === weight)!
    return [name, node.outputs[0]]
  })
}

/**
 * From hidden rows [N, C] to GRPO's loss; see `policyGraph` for inputs and outputs, and `gradient/hidden` [N, C].
 *
 * @param objective log-probabilities and entropies alone when absent
 */
export function policyHeadGraph(
  config: ModelConfig,
  {rows}: Pick<RowsShape, 'rows'>,
  temperature: number,
  objective?: ObjectiveSettings,
  settings?: GraphSettings,
): DecoderGraph {
  const decoder = decoderGraph(config, 0, settings, headParameters(config))
  const hidden = decoder.op.input('hidden', [rows, config.hidden])
  const loss = policyHead(decoder, hidden, temperature, objective)
  if (loss) outputGradients(decoder, loss, [hidden])
  return decoder
}

/** From hidden rows [N, C] to the loss of next-token prediction; see `languageModelGraph`, and `gradient/hidden` [N, C]. */
export function languageModelHeadGraph(
  config: ModelConfig,
  {rows}: Pick<RowsShape, 'rows'>,
  settings?: GraphSettings,
): DecoderGraph {
  const decoder = decoderGraph(config, 0, settings, headParameters(config))
  const hidden = decoder.op.input('hidden', [rows, config.hidden])
  outputGradients(decoder, languageModelHead(decoder, hidden), [hidden])
  return decoder
}

function pairOf({op}: DecoderGraph, name: string, value: Value): readonly [Value, Value] {
  return [value, op.input(`cotangent/${name}`, value.shape)]
}
