import type {ModelConfig} from '../../models/model-config.js'
import {topKEntropy} from '../../nn/distribution.js'
import type {Value} from '../../onnx/types.js'
import {causalHiddenStates, type DecoderGraph, decoderGraph, type GraphSettings} from './decoder-graph.js'
import {type ProjectionSettings, projectInPieces} from './projection.js'

/** Static shape of a batch of sequences. */
export interface ScoreShape extends Pick<ProjectionSettings, 'logitsAtOnce'> {
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
  {rows, length, topK, logitsAtOnce}: ScoreShape,
  settings?: GraphSettings,
): DecoderGraph {
  const decoder = decoderGraph(config, length, settings)
  const {op} = decoder
  const hidden = causalHiddenStates(decoder, {rows, length})
  const targets = op.indexInput('targets', [rows * length])
  const read = (logits: Value, targetLogprob: Value) => ({
    ...op.topK(logits, Math.min(topK, config.vocabulary)),
    targetLogprob,
  })
  const scores = projectInPieces(decoder, hidden, targets, {temperature: 1, logitsAtOnce}, read)
  const whole = (part: 'values' | 'indices' | 'targetLogprob') =>
    op.concat(
      scores.map((score) => score[part]),
      0,
    )
  op.graph.output('entropy', topKEntropy(op, whole('values')))
  op.graph.output('target_logprob', whole('targetLogprob'))
  op.graph.output('top1', op.reshape(op.slice(whole('indices'), 1, 0, 1), [rows * length]))
  return decoder
}
