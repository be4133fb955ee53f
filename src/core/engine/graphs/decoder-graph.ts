import {appendVjp} from '../../autodiff/backward.js'
import {DecoderWeights, hiddenStates} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Parameter} from '../../models/parameters.js'
import {causalAttention} from '../../nn/attention.js'
import {Graph} from '../../onnx/graph.js'
import {Ops} from '../../onnx/ops.js'
import type {FloatType, Value} from '../../onnx/types.js'

/** How a graph is built, whatever it computes. */
export interface GraphSettings {
  /** float64 is for gradient checks. */
  readonly float?: FloatType
}

/** A graph with the decoder's weights and rotary tables as inputs. */
export interface DecoderGraph {
  readonly op: Ops
  readonly weights: DecoderWeights
}

/**
 * Starts a graph whose rows stand at positions below `positions`.
 *
 * @param parameters those that the graph needs; all of the model when absent
 */
export function decoderGraph(
  config: ModelConfig,
  positions: number,
  {float}: GraphSettings = {},
  parameters?: readonly Parameter[],
): DecoderGraph {
  const op = new Ops(new Graph(), float)
  return {op, weights: new DecoderWeights(op, config, positions, parameters)}
}

/** Hidden states of B rows of T tokens under causal attention, [B*T, C]; declares the inputs `ids` and `positions` [B*T]. */
export function causalHiddenStates({op, weights}: DecoderGraph, shape: {rows: number; length: number}): Value {
  const count = shape.rows * shape.length
  const tokens = {ids: op.indexInput('ids', [count]), positions: op.indexInput('positions', [count])}
  const attend = causalAttention(op, weights.config, shape)
  return hiddenStates(op, weights, tokens, () => attend)
}

/** Declares the loss and, per trained parameter and per value of `others`, the output `gradient/<name>`. */
export function outputGradients(decoder: DecoderGraph, loss: Value, others: readonly Value[] = []): void {
  decoder.op.graph.output('loss', loss)
  outputVjp(decoder, [[loss, decoder.op.scalar(1)]], others)
}

/** Declares, per trained parameter and per value of `others`, the output `gradient/<name>`, given a cotangent for each output. */
export function outputVjp(
  {op, weights}: DecoderGraph,
  outputs: readonly (readonly [output: Value, cotangent: Value])[],
  others: readonly Value[],
): void {
  const parameters = [...others, ...weights.trained()]
  appendVjp(op, outputs, parameters).forEach((gradient, i) => {
    op.graph.output(`gradient/${parameters[i].name}`, gradient)
  })
}
