import type {Completion} from '../records/records.js'
import type {TensorData} from '../runtime/session.js'
import {type Stream, uniform} from '../util/rng.js'
import {byLength, chunks, completionBucket, countBucket, lengthBucket} from './bucket.js'
import {type RolloutShape, rolloutGraph, type SamplingSettings} from './graphs/rollout.js'
import type {ModelState} from './model-state.js'
import type {SessionCache} from './session-cache.js'

/** A prompt and, for each of its G completions, the stream of uniforms that draws it. */
export interface RolloutPrompt {
  readonly ids: Int32Array
  readonly streams: readonly Stream[]
}

/** Prompts to complete, and how. */
export interface RolloutRequest {
  readonly prompts: readonly RolloutPrompt[]
  readonly maxTokens: number
  readonly contextsPerBatch: number
  readonly sampling: SamplingSettings
}

/** The completions of all prompts. */
export interface RolloutResult {
  /** Per prompt, its G completions. */
  readonly groups: readonly (readonly Completion[])[]
  /** Draws whose uniform lay within rounding (1e-6) of a step of the cumulative distribution. */
  readonly uniformsNearStep: number
}

const nearStep = 1e-6

/** Samples G completions per prompt, prompts of similar length together. Every prompt has the same G. */
export async function rolloutPrompts(
  state: ModelState,
  sessions: SessionCache,
  {prompts, maxTokens, contextsPerBatch, sampling}: RolloutRequest,
): Promise<RolloutResult> {
  const groups = new Array<Completion[]>(prompts.length)
  const groupSize = prompts[0].streams.length
  let uniformsNearStep = 0
  for (const batch of chunks(byLength(prompts.map((prompt) => prompt.ids.length)), contextsPerBatch)) {
    const members = batch.map((index) => prompts[index])
    const shape: RolloutShape = {
      // A product of one row rounds differently from the same row among others, so there are always two.
      contexts: countBucket(batch.length, groupSize === 1 ? 2 : 1),
      groupSize,
      contextLength: lengthBucket(Math.max(...members.map((prompt) => prompt.ids.length - 1))),
      capacity: completionBucket(maxTokens),
    }
    const session = await sessions.get('rollout', {...shape, ...sampling}, () =>
      rolloutGraph(state.config, shape, sampling),
    )
    const feeds = {
      ...state.feeds(shape.contextLength + shape.capacity + 1),
      ...rolloutInputs(members, shape, maxTokens, sampling.greedy),
    }
    const sampled = await session.run(feeds)
    batch.forEach((index, context) => {
      groups[index] = prompts[index].streams.map((_, sample) => {
        const {completion, nearSteps} = readColumn(sampled, context * groupSize + sample, shape, sampling.endIds)
        uniformsNearStep += nearSteps
        return completion
      })
    })
  }
  return {groups, uniformsNearStep: sampling.greedy ? 0 : uniformsNearStep}
}

function rolloutInputs(prompts: readonly RolloutPrompt[], shape: RolloutShape, maxTokens: number, greedy: boolean) {
  const {contexts, groupSize, contextLength, capacity} = shape
  const rows = contexts * groupSize
  const contextIds = new BigInt64Array(contexts * contextLength)
  const contextLengths = new BigInt64Array(contexts)
  const lastIds = new BigInt64Array(rows)
  const padding = new Uint8Array(rows).fill(1)
  const uniforms = new Float32Array(capacity * rows)
  prompts.forEach(({ids, streams}, context) => {
    contextLengths[context] = BigInt(ids.length - 1)
    ids.subarray(0, -1).forEach((id, t) => {
      contextIds[context * contextLength + t] = BigInt(id)
    })
    streams.forEach((stream, sample) => {
      const row = context * groupSize + sample
      lastIds[row] = BigInt(ids.at(-1)!)
      padding[row] = 0
      if (!greedy) for (let t = 0; t < maxTokens; t++) uniforms[t * rows + row] = uniform(stream, t)
    })
  })
  return {
    context_ids: contextIds,
    context_positions: BigInt64Array.from(contextIds, (_, i) => BigInt(i % contextLength)),
    context_lengths: contextLengths,
    last_ids: lastIds,
    padding,
    uniforms,
    max_tokens: BigInt64Array.of(BigInt(maxTokens)),
  }
}

/** One row's tokens up to and including its end token. */
function readColumn(
  sampled: Readonly<Record<string, TensorData>>,
  row: number,
  {contexts, groupSize}: RolloutShape,
  endIds: readonly number[],
): {completion: Completion; nearSteps: number} {
  const rows = contexts * groupSize
  const tokens = sampled.tokens as BigInt64Array
  const trips = tokens.length / rows
  const ids: number[] = []
  const oldLogprobs: number[] = []
  let nearSteps = 0
  let hasEnded = false
  for (let trip = 0; trip < trips && !hasEnded; trip++) {
    const at = trip * rows + row
    ids.push(Number(tokens[at]))
    oldLogprobs.push(Number(sampled.old_logprobs[at]))
    if (Number(sampled.margins[at]) < nearStep) nearSteps++
    hasEnded = endIds.includes(ids.at(-1)!)
  }
  const stopReason = hasEnded ? 'end-of-text' : 'length'
  return {completion: {ids: Int32Array.from(ids), oldLogprobs: Float32Array.from(oldLogprobs), stopReason}, nearSteps}
}
