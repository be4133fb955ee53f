import {hiddenStates, logitsOf} from '../../models/decoder.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Attend, KeyValueCache} from '../../nn/attention.js'
import {decodingAttention} from '../../nn/decoding-attention.js'
import {chooseTokens, type SamplingSettings} from '../../nn/distribution.js'
import {tokensSummedAtOnce} from '../../nn/page-layout.js'
import type {Ops} from '../../onnx/ops.js'
import type {Value} from '../../onnx/types.js'
import {type DecoderGraph, decoderGraph} from './decoder-graph.js'
import {perRow} from './decoding-step.js'
import {emptyCaches, pageOf, withBlock, withEntry, withRow} from './loop-caches.js'
import {prefill} from './prefill.js'

/** Static shape of a batch of prompts with their completions. */
export interface RolloutShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  /** Longest completion. */
  readonly capacity: number
}

/** Chunks of a completion, and the tokens of one: what a product sums at once, so that chunks sum as the whole does. */
export function loopChunks({headSize}: ModelConfig, {capacity}: RolloutShape): {chunks: number; chunkTokens: number} {
  const chunkTokens = Math.min(capacity, tokensSummedAtOnce(headSize))
  return {chunks: Math.ceil(capacity / chunkTokens), chunkTokens}
}

/**
 * Trips of a loop that its condition ends. A number that is computed, or a constant that other nodes read too, would have to
 * be copied between a device and the host, where a Loop reads it.
 */
const noLimit = Number.MAX_SAFE_INTEGER

/** What stays the same throughout the loops. */
interface LoopInputs {
  readonly contextLengths: Value
  readonly contextCaches: readonly KeyValueCache[]
  /** [S, P*G]. */
  readonly uniforms: Value
  /** Scalar. */
  readonly maxTokens: Value
}

/**
 * Samples G completions for each of P prompts, the sampling loop inside the graph.
 *
 * The context (the prompt without its last token) is computed once and shared by its group; each trip of the inner loop
 * feeds one token per row, starting with the prompt's last, and draws the next. It writes its keys and values to the
 * cache of a chunk; the outer loop adds each full chunk to the cache of those before, so that no token copies that one.
 * Both end when every row has drawn an end token.
 *
 * Inputs: `context_ids`, `context_positions` [P*Tc]; `context_lengths` [P]; `last_ids` [P*G]; `padding` [P*G] (bool, rows
 * that nobody waits for); `uniforms` [S, P*G] in [0, 1); `max_tokens` scalar.
 * Outputs, [chunks, tokens of a chunk, P*G] each: `tokens`, `old_logprobs` (of logits / temperature), `margins` (distance
 * of the uniform from a step of the cumulative distribution). What a row draws after its end token is meaningless.
 */
export function rolloutLoopGraph(config: ModelConfig, shape: RolloutShape, sampling: SamplingSettings): DecoderGraph {
  const {contexts, groupSize, contextLength, capacity} = shape
  const decoder = decoderGraph(config, contextLength + capacity + 1)
  const {op} = decoder
  const rows = contexts * groupSize
  const {chunks, chunkTokens} = loopChunks(config, shape)
  const inputs = {
    contextLengths: op.indexInput('context_lengths', [contexts]),
    uniforms: op.input('uniforms', [capacity, rows]),
    maxTokens: op.indexInput('max_tokens', []),
    contextCaches: prefill(decoder, shape),
  }
  const earlier =
    chunks === 1 ? [] : emptyCaches(op, config, rows * config.kvHeads, {blocks: chunks, tokens: chunkTokens})
  const start = [op.indexInput('last_ids', [rows]), op.graph.input('padding', 'bool', [rows]), ...earlier]
  const {scanned} = op.loop(op.index(noLimit), start, (body, chunk, [ids, ended, ...caches]) => {
    const sampled = sampleChunk(body, decoder, {shape, sampling, inputs}, {chunk, ids, ended, earlier: caches})
    return {
      goOn: goesOn(body, sampled.ended, [
        [body.mul(body.add(chunk, body.index(1)), body.index(chunkTokens)), inputs.maxTokens],
      ]),
      carried: [
        sampled.ids,
        sampled.ended,
        ...caches.map((cache, i) => withBlock(body, cache, sampled.caches[i], chunk)),
      ],
      scanned: sampled.drawn,
    }
  })
  const names = ['tokens', 'old_logprobs', 'margins']
  names.forEach((name, i) => {
    op.graph.output(name, scanned[i])
  })
  return decoder
}

/** The tokens of one chunk: what was drawn [tokens of a chunk, P*G], the keys and values, and how the rows end. */
function sampleChunk(
  op: Ops,
  {weights}: DecoderGraph,
  {shape, sampling, inputs}: {shape: RolloutShape; sampling: SamplingSettings; inputs: LoopInputs},
  {chunk, ids, ended, earlier}: {chunk: Value; ids: Value; ended: Value; earlier: readonly Value[]},
) {
  const {config} = weights
  const [rows] = ids.shape
  const {chunkTokens} = loopChunks(config, shape)
  const before = op.mul(chunk, op.index(chunkTokens))
  const drawn = [op.zeros([chunkTokens, rows], 'int64'), op.zeros([chunkTokens, rows]), op.zeros([chunkTokens, rows])]
  const empty = emptyCaches(op, config, rows * config.kvHeads, {blocks: 1, tokens: chunkTokens})
  const firstPositions = op.add(perRow(op, inputs.contextLengths, shape.groupSize), before)
  const {carried} = op.loop(
    op.index(noLimit),
    [ids, ended, ...drawn, ...empty],
    (body, trip, [current, done, ...rest]) => {
      const caches = rest.slice(drawn.length)
      const next: Value[] = []
      const attend = (layer: number): Attend => {
        const pages = [...pageOf(body, earlier, layer, before), ...pageOf(body, caches, layer, trip)]
        return (heads) => {
          next.push(
            withEntry(body, caches[2 * layer], heads.keys, trip, shape.contexts),
            withEntry(body, caches[2 * layer + 1], heads.values, trip, shape.contexts),
          )
          return decodingAttention(body, {...config, ...shape, ...inputs}, heads, inputs.contextCaches[layer], pages)
        }
      }
      const positions = body.add(firstPositions, trip)
      const logits = logitsOf(body, weights, hiddenStates(body, weights, {ids: current, positions}, attend))
      const chosen = chooseTokens(body, logits, body.gather(inputs.uniforms, body.add(before, trip)), sampling)
      const endedNow = sampling.endIds.reduce((all, id) => body.or(all, body.equal(chosen.ids, body.index(id))), done)
      const written = [chosen.ids, chosen.oldLogprobs, chosen.margins].map((row, i) =>
        withRow(body, rest[i], row, trip),
      )
      const drawnHere = body.add(trip, body.index(1))
      const goOn = goesOn(body, endedNow, [
        [body.add(before, drawnHere), inputs.maxTokens],
        [drawnHere, body.index(chunkTokens)],
      ])
      return {goOn, carried: [chosen.ids, endedNow, ...written, ...next], scanned: []}
    },
  )
  const [lastIds, endedAfter, ...rest] = carried
  return {ids: lastIds, ended: endedAfter, drawn: rest.slice(0, drawn.length), caches: rest.slice(drawn.length)}
}

/** Whether some row has not ended and each count is below its limit. */
function goesOn(op: Ops, ended: Value, counts: readonly (readonly [Value, Value])[]): Value {
  const atLimit = counts.map(([count, limit]) => op.not(op.less(count, limit)))
  return op.not(atLimit.reduce((stop, reached) => op.or(stop, reached), op.all(ended)))
}
