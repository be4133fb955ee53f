import {hiddenStates, logitsOf} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import {type Attend, causalAttention, decodingAttention, type KeyValueCache} from '../../nn/attention.js'
import {drawTokens, logProbabilities, pickTokens} from '../../nn/distribution.js'
import type {Ops} from '../../onnx/ops.js'
import type {Value} from '../../onnx/types.js'
import {type DecoderGraph, decoderGraph} from './decoder-graph.js'

/** Static shape of a batch of prompts with their completions. */
export interface RolloutShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  /** Longest completion. */
  readonly capacity: number
}

/** How tokens are chosen. */
export interface SamplingSettings {
  readonly temperature: number
  /** Take the most probable token instead of drawing one. */
  readonly greedy: boolean
  /** Tokens that end a completion. */
  readonly endIds: readonly number[]
}

/**
 * Samples G completions for each of P prompts, the sampling loop inside the graph.
 *
 * The context (the prompt without its last token) is computed once and shared by its group; each trip feeds one token
 * per row, starting with the prompt's last, and draws the next. The loop ends when every row has drawn an end token.
 *
 * Inputs: `context_ids`, `context_positions` [P*Tc]; `context_lengths` [P]; `last_ids` [P*G]; `padding` [P*G] (bool, rows that nobody waits for);
 * `uniforms` [S, P*G] in
 * [0, 1); `max_tokens` scalar.
 * Outputs, [trips, P*G] each: `tokens`, `old_logprobs` (of logits / temperature), `margins` (distance of the uniform from
 * a step of the cumulative distribution). What a row draws after its end token is meaningless.
 */
export function rolloutGraph(config: ModelConfig, shape: RolloutShape, sampling: SamplingSettings): DecoderGraph {
  const {contexts, groupSize, contextLength, capacity} = shape
  const built = decoderGraph(config, contextLength + capacity + 1)
  const {op, weights} = built
  const rows = contexts * groupSize
  const contextTokens = {
    ids: op.indexInput('context_ids', [contexts * contextLength]),
    positions: op.indexInput('context_positions', [contexts * contextLength]),
  }
  const contextLengths = op.indexInput('context_lengths', [contexts])
  const lastIds = op.indexInput('last_ids', [rows])
  const padding = op.graph.input('padding', 'bool', [rows])
  const uniforms = op.input('uniforms', [capacity, rows])
  const maxTokens = op.indexInput('max_tokens', [])

  const contextCaches: KeyValueCache[] = []
  const attendContext = causalAttention(op, config, {rows: contexts, length: contextLength}, contextCaches)
  op.scope('context', () => hiddenStates(op, weights, contextTokens, () => attendContext))

  const emptyCache = op.zeros([rows, config.kvHeads, capacity, config.headSize])
  const firstPositions = op.reshape(op.expand(op.reshape(contextLengths, [contexts, 1]), [contexts, groupSize]), [rows])
  const start = [lastIds, padding, ...contextCaches.flatMap(() => [emptyCache, emptyCache])]
  const {scanned} = op.loop(maxTokens, start, (body, trip, [ids, ended, ...caches]) => {
    const positions = body.add(firstPositions, trip)
    const next: Value[] = []
    const attend = (layer: number): Attend => {
      const own = {keys: caches[2 * layer], values: caches[2 * layer + 1]}
      return (heads) => {
        const pattern = {...config, ...shape, completionLength: 1, contextLengths}
        const step = decodingAttention(body, pattern, heads, contextCaches[layer], own, trip)
        next.push(step.own.keys, step.own.values)
        return step.output
      }
    }
    const logits = logitsOf(body, weights, hiddenStates(body, weights, {ids, positions}, attend))
    const drawn = chooseTokens(body, logits, body.gather(uniforms, trip), sampling)
    const endedNow = sampling.endIds.reduce((done, id) => body.or(done, body.equal(drawn.ids, body.index(id))), ended)
    return {
      goOn: body.not(body.all(endedNow)),
      carried: [drawn.ids, endedNow, ...next],
      scanned: [drawn.ids, drawn.oldLogprobs, drawn.margins],
    }
  })
  const names = ['tokens', 'old_logprobs', 'margins']
  names.forEach((name, i) => {
    op.graph.output(name, scanned[i])
  })
  return built
}

function chooseTokens(op: Ops, logits: Value, uniforms: Value, {temperature, greedy}: SamplingSettings) {
  const logprobs = logProbabilities(op, logits, temperature)
  const {ids, margins} = greedy
    ? {ids: op.argMax(logits, 1), margins: op.zeros([logits.shape[0]])}
    : drawTokens(op, logprobs, uniforms)
  return {ids, margins, oldLogprobs: pickTokens(op, logprobs, ids)}
}
