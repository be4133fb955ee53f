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
  /** Logits held at once: a wide vocabulary is projected for some of the rows at a time. 256 MB in float32 when absent. */
  readonly logitsAtOnce?: number
}

/**
 * Scores every token of B rows of T tokens.
 *
 * Inputs: `ids`, `positions`, `targets` [B*T]. Outputs, [B*T] each: `entropy` (nats, renormalised top k),
 * `target_logprob` (full vocabulary, temperature 1), `top1` (id of the most probable next token).
 */
export function scoreGraph(
  config: ModelConfig,
  {rows, length, topK, logitsAtOnce = 2 ** 26}: ScoreShape,
  settings?: GraphSettings,
): DecoderGraph {
  const decoder = decoderGraph(config, length, settings)
  const {op, weights} = decoder
  const hidden = causalHiddenStates(decoder, {rows, length})
  const targets = op.indexInput('targets', [rows * length])
  const pieces = Math.ceil((rows * length * config.vocabulary) / logitsAtOnce)
  const sizes = evenSizes(rows * length, pieces)
  const targetsOf = op.split(targets, 0, sizes)
  const scores = op.split(hidden, 0, sizes).map((piece, i) => {
    const logits = logitsOf(op, weights, piece)
    const targetLogprob = pickTokens(op, logProbabilities(op, logits, 1), targetsOf[i])
    return {...op.topK(logits, Math.min(topK, config.vocabulary)), targetLogprob}
  })
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

/** `count` rows in pieces of almost equal size, each of two rows at least. */
function evenSizes(count: number, pieces: number): number[] {
  const most = Math.min(pieces, Math.floor(count / 2))
  const end = (piece: number) => Math.floor((piece * count) / most)
  return Array.from({length: most}, (_, i) => end(i + 1) - end(i))
}
