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
 */
export function feedForwardGraph(
  config: ModelConfig,
  {rows, layer}: Omit<LayerShape, 'positions'>,
  direction: Direction,
  settings?: GraphSettings,
): DecoderGraph {
  const decoder = decoderGraph(config, 0, settings, layerParameters(config, layer).feedForward)
  const {op, weights} = decoder
  const hidden = op.input('hidden', [rows, config.hidden])
  const attended = op.input('attended', [rows, config.heads * config.headSize])
  const output = feedForward(op, weights, layer, hidden, attended)
  if (direction === 'forward') op.graph.output('output', output)
  else outputVjp(decoder, [pairOf(decoder, 'output', output)], [hidden, attended])
  return decoder
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
