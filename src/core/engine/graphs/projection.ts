import {logitsOf} from '../../models/decoder.js'
import {logProbabilities, pickTokens} from '../../nn/distribution.js'
import type {Value} from '../../onnx/types.js'
import {evenSizes} from '../../util/even-sizes.js'
import type {DecoderGraph} from './decoder-graph.js'

/** How hidden rows become log-probabilities. */
export interface ProjectionSettings {
  readonly temperature: number
  /** Logits held at once: a wide vocabulary is projected for some of the rows at a time. 256 MB in float32 when absent. */
  readonly logitsAtOnce?: number
}

/**
 * Projects hidden rows [N, C] onto the vocabulary, a piece at a time, and keeps what `read` returns for each piece.
 *
 * @param targets [N] token ids
 * @param read is given a piece's logits [M, V] and the log-probability of its targets [M]
 */
export function projectInPieces<T>(
  {op, weights}: DecoderGraph,
  rows: Value,
  targets: Value,
  {temperature, logitsAtOnce = 2 ** 26}: ProjectionSettings,
  read: (logits: Value, targetLogprob: Value) => T,
): T[] {
  const [count] = rows.shape
  const sizes = evenSizes(count, Math.ceil((count * weights.config.vocabulary) / logitsAtOnce))
  const targetsOf = op.split(targets, 0, sizes)
  return op.split(rows, 0, sizes).map((piece, i) => {
    const logits = logitsOf(op, weights, piece)
    return read(logits, pickTokens(op, logProbabilities(op, logits, temperature), targetsOf[i]))
  })
}
