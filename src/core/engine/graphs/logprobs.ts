import type {ModelConfig} from '../../models/model-config.js'
import {causalHiddenStates, type DecoderGraph, decoderGraph, type GraphSettings} from './decoder-graph.js'
import {type ProjectionSettings, projectInPieces} from './projection.js'

/** Static shape of a batch of sequences of which some tokens are asked for. */
export interface LogprobShape extends Pick<ProjectionSettings, 'logitsAtOnce'> {
  readonly rows: number
  readonly length: number
  /** Tokens asked for, padding included; at least two. */
  readonly asked: number
}

/**
 * Log-probabilities of chosen next tokens of B rows of T tokens; the vocabulary is projected for their rows alone.
 *
 * Inputs: `ids`, `positions` [B*T]; `asked_rows` (indices into B*T) and `targets`, [asked] each.
 * Output: `logprobs` [asked], full vocabulary, of logits / temperature.
 */
export function logprobsGraph(
  config: ModelConfig,
  {rows, length, asked, logitsAtOnce}: LogprobShape,
  temperature: number,
  settings?: GraphSettings,
): DecoderGraph {
  const built = decoderGraph(config, length, settings)
  const {op} = built
  const hidden = causalHiddenStates(built, {rows, length})
  const askedRows = op.gather(hidden, op.indexInput('asked_rows', [asked]))
  const targets = op.indexInput('targets', [asked])
  const pieces = projectInPieces(built, askedRows, targets, {temperature, logitsAtOnce}, (_, logprob) => logprob)
  op.graph.output('logprobs', op.concat(pieces, 0))
  return built
}
