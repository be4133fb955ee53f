import {appendBackward} from '../../autodiff/backward.js'
import {DecoderWeights, hiddenStates} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
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

/** Starts a graph whose rows stand at positions below `positions`. */
export function decoderGraph(config: ModelConfig, positions: number, {float}: GraphSettings = {}): DecoderGraph {
  const op = new Ops(new Graph(), float)
  return {op, weights: new DecoderWeights(op, config, positions)}
}

/** Hidden states of B rows of T tokens under causal attention, [B*T, C]; declares the inputs `ids` and `positions` [B*T]. */
export function causalHiddenStates({op, weights}: DecoderGraph, shape: {rows: number; length: number}): Value {
  const count = shape.rows * shape.length
  const tokens = {ids: op.indexInput('ids', [count]), positions: op.indexInput('positions', [count])}
  const attend = causalAttention(op, weights.config, shape)
  return hiddenStates(op, weights, tokens, () => attend)
}

/** Declares the loss and, per trained parameter, the output `gradient/<name>`. */
export function outputGradients({op, weights}: DecoderGraph, loss: Value): void {
  op.graph.output('loss', loss)
  const parameters = weights.trained()
  appendBackward(op, loss, parameters).forEach((gradient, i) => {
    op.graph.output(`gradient/${parameters[i].name}`, gradient)
  })
}
