import {logitsOf} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import {logProbabilities, pickTokens} from '../../nn/distribution.js'
import type {Value} from '../../onnx/types.js'
import {
  causalHiddenStates,
  type DecoderGraph,
  decoderGraph,
  type GraphSettings,
  outputGradients,
} from './decoder-graph.js'

/** Static shape of a micro-batch of rows. */
export interface LanguageModelShape {
  readonly rows: number
  readonly length: number
  /** Tokens that the loss looks at, padding included. */
  readonly trained: number
}

/**
 * Next-token prediction on B rows of T tokens (RPT, Eq. 1): loss = -sum of weight * log p(target), and its gradients.
 *
 * Inputs: `ids`, `positions` [B*T]; `trained_rows` (indices into B*T), `targets` and `token_weights`, [trained] each.
 */
export function languageModelGraph(
  config: ModelConfig,
  {rows, length, trained}: LanguageModelShape,
  settings?: GraphSettings,
): DecoderGraph {
  const decoder = decoderGraph(config, length, settings)
  const {op} = decoder
  const hidden = causalHiddenStates(decoder, {rows, length})
  const trainedRows = op.indexInput('trained_rows', [trained])
  outputGradients(decoder, languageModelHead(decoder, op.gather(hidden, trainedRows)))
  return decoder
}

/** The loss of trained tokens, from their hidden rows [N, C]; declares `targets` and `token_weights` as inputs. */
export function languageModelHead({op, weights}: DecoderGraph, hidden: Value): Value {
  const tokens = [hidden.shape[0]]
  const targets = op.indexInput('targets', tokens)
  const tokenWeights = op.input('token_weights', tokens)
  const logprobs = pickTokens(op, logProbabilities(op, logitsOf(op, weights, hidden), 1), targets)
  return op.neg(op.total(op.mul(logprobs, tokenWeights)))
}
