import {hiddenStates, logitsOf} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Attend} from '../../nn/attention.js'
import {chooseTokens, type SamplingSettings} from '../../nn/distribution.js'
import {decodingAttention} from '../../nn/shared-context.js'
import type {Ops} from '../../onnx/ops.js'
import type {Value} from '../../onnx/types.js'
import {type DecoderGraph, decoderGraph} from './decoder-graph.js'
import {perRow} from './decoding-step.js'
import {prefill} from './prefill.js'

/** Static shape of a batch of prompts with their completions. */
export interface RolloutShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  /** Longest completion. */
  readonly capacity: number
}

/**
 * Samples G completions for each of P prompts, the sampling loop inside the graph.
 *
 * The context (the prompt without its last token) is computed once and shared by its group; each trip feeds one token
 * per row, starting with the prompt's last, and draws the next. The loop ends when every row has drawn an end token.
 *
 * Inputs: `context_ids`, `context_positions` [P*Tc]; `context_lengths` [P]; `last_ids` [P*G]; `padding` [P*G] (bool, rows
 * that nobody waits for); `uniforms` [S, P*G] in [0, 1); `max_tokens` scalar.
 * Outputs, [trips, P*G] each: `tokens`, `old_logprobs` (of logits / temperature), `margins` (distance of the uniform from
 * a step of the cumulative distribution). What a row draws after its end token is meaningless.
 */
export function rolloutLoopGraph(config: ModelConfig, shape: RolloutShape, sampling: SamplingSettings): DecoderGraph {
  const {contexts, groupSize, contextLength, capacity} = shape
  const decoder = decoderGraph(config, contextLength + capacity + 1)
  const {op, weights} = decoder
  const rows = contexts * groupSize
  const contextLengths = op.indexInput('context_lengths', [contexts])
  const lastIds = op.indexInput('last_ids', [rows])
  const padding = op.graph.input('padding', 'bool', [rows])
  const uniforms = op.input('uniforms', [capacity, rows])
  const maxTokens = op.indexInput('max_tokens', [])
  const contextCaches = prefill(decoder, shape)

  const emptyCache = op.zeros([rows, config.kvHeads, capacity, config.headSize])
  const firstPositions = perRow(op, contextLengths, groupSize)
  const start = [lastIds, padding, ...contextCaches.flatMap(() => [emptyCache, emptyCache])]
  const {scanned} = op.loop(maxTokens, start, (body, trip, [ids, ended, ...caches]) => {
    const positions = body.add(firstPositions, trip)
    const next: Value[] = []
    const attend = (layer: number): Attend => {
      const own = {keys: caches[2 * layer], values: caches[2 * layer + 1]}
      return (heads) => {
        next.push(withEntry(body, own.keys, heads.keys, trip), withEntry(body, own.values, heads.values, trip))
        return decodingAttention(body, {...config, ...shape, contextLengths}, heads, contextCaches[layer], own, trip)
      }
    }
    const logits = logitsOf(body, weights, hiddenStates(body, weights, {ids, positions}, attend))
    const chosen = chooseTokens(body, logits, body.gather(uniforms, trip), sampling)
    const endedNow = sampling.endIds.reduce((done, id) => body.or(done, body.equal(chosen.ids, body.index(id))), ended)
    return {
      goOn: body.not(body.all(endedNow)),
      carried: [chosen.ids, endedNow, ...next],
      scanned: [chosen.ids, chosen.oldLogprobs, chosen.margins],
    }
  })
  const names = ['tokens', 'old_logprobs', 'margins']
  names.forEach((name, i) => {
    op.graph.output(name, scanned[i])
  })
  return decoder
}

/** A cache [N, K, S, D] with the entry [N, K, D] at slot `trip`. */
function withEntry(op: Ops, cache: Value, entry: Value, trip: Value): Value {
  const [rows, kvHeads, , headSize] = cache.shape
  const shape = [rows, kvHeads, 1, headSize]
  const at = op.expand(op.reshape(trip, [1, 1, 1, 1]), shape)
  return op.scatterElements(cache, at, op.reshape(entry, shape), 2, 'none')
}
