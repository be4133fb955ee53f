import {appendBackward} from '../../autodiff/backward.js'
import {DecoderWeights} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
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

/** Declares the loss and, per weight, the output `gradient/<name>`. */
export function outputGradients({op, weights}: DecoderGraph, loss: Value): void {
  op.graph.output('loss', loss)
  const parameters = weights.all()
  appendBackward(op, loss, parameters).forEach((gradient, i) => {
    op.graph.output(`gradient/${parameters[i].name}`, gradient)
  })
}
