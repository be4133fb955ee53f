import {logitsOf} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import {logProbabilities, pickTokens, topKEntropy} from '../../nn/distribution.js'
import {causalHiddenStates, type DecoderGraph, decoderGraph, type GraphSettings} from './decoder-graph.js'

/** Static shape of a batch of sequences. */
export interface ScoreShape {
  readonly rows: number
  readonly length: number
  /** Next tokens that the entropy is renormalised over. */
  readonly topK: number
}

/**
 * Scores every token of B rows of T tokens.
 *
 * Inputs: `ids`, `positions`, `targets` [B*T]. Outputs, [B*T] each: `entropy` (nats, renormalised top k),
 * `target_logprob` (full vocabulary, temperature 1), `top1` (id of the most probable next token).
 */
export function scoreGraph(
  config: ModelConfig,
  {rows, length, topK}: ScoreShape,
  settings?: GraphSettings,
): DecoderGraph {
  const built = decoderGraph(config, length, settings)
  const {op, weights} = built
  const hidden = causalHiddenStates(built, {rows, length})
  const targets = op.indexInput('targets', [rows * length])
  const logits = logitsOf(op, weights, hidden)
  op.graph.output('entropy', topKEntropy(op, logits, Math.min(topK, config.vocabulary)))
  op.graph.output('target_logprob', pickTokens(op, logProbabilities(op, logits, 1), targets))
  op.graph.output('top1', op.argMax(logits, 1))
  return built
}
