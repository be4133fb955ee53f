import {type Tell, tellNobody} from '../../util/tell.js'
import {byLength, countBucket, lengthBucket} from '../graphs/bucket.js'
import {prefillGraph} from '../graphs/prefill.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState} from '../state/model-state.js'
import {DecodingBatch, type PrefilledContext} from './decoding-batch.js'
import {contextInputs} from './rollout-loop.js'
import type {RolloutRequest} from './rollout-request.js'
import type {Sample} from './sample.js'

/** Tokens of context computed in one run at most, padding included; a longer context is a run of its own. */
const prefillTokens = 8192

/** Contexts of a length that are computed in one run at most: a power of two, as their number is padded to one. */
export function contextsPerRun(contextLength: number, tokens = prefillTokens): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(tokens / contextLength)))
}

/**
 * Fills the samples of each prompt, one run per token: contexts whose samples have ended leave the batch, and waiting ones
 * take their place once a quarter of the batch is free.
 */
export async function rolloutBySteps(
  state: ModelState,
  sessions: SessionCache,
  request: RolloutRequest,
  samples: readonly (readonly Sample[])[],
  tell: Tell = tellNobody,
): Promise<void> {
  const {prompts, contextsPerBatch} = request
  // The longest first: those that follow fit into the room of those that leave.
  const waiting = byLength(prompts.map(({ids}) => ids.length)).toReversed()
  const batch = new DecodingBatch(state, sessions, request)
  let steps = 0
  while (waiting.length > 0 || !batch.isEmpty) {
    const free = contextsPerBatch - batch.size
    if (waiting.length > 0 && (batch.isEmpty || 4 * free >= contextsPerBatch)) {
      const next = waiting.splice(0, free)
      batch.admit(await prefill(state, sessions, request, next, samples, tell))
    }
    await batch.step(waiting.length === 0)
    const done = prompts.length - waiting.length - batch.size
    tell(`sampling, ${done}/${prompts.length} contexts done, token ${++steps}`)
  }
}

/**
 * Keys and values of the contexts of these prompts, the longest first. Each run is padded to its own longest context, and
 * has no more tokens than the first.
 */
async function prefill(
  state: ModelState,
  sessions: SessionCache,
  {prompts}: RolloutRequest,
  indices: readonly number[],
  samples: readonly (readonly Sample[])[],
  tell: Tell,
): Promise<PrefilledContext[]> {
  const lengthOf = (index: number) => lengthBucket(prompts[index].ids.length - 1)
  const longest = lengthOf(indices[0])
  const tokens = longest * contextsPerRun(longest)
  const results: PrefilledContext[] = []
  while (results.length < indices.length) {
    tell(`reading contexts, ${results.length}/${indices.length} done`)
    const contextLength = lengthOf(indices[results.length])
    const batch = indices.slice(results.length, results.length + contextsPerRun(contextLength, tokens))
    const members = batch.map((index) => prompts[index])
    const shape = {contexts: countBucket(batch.length), contextLength}
    const session = await sessions.get('prefill', shape, () => prefillGraph(state.config, shape))
    const outputs = await session.run({...state.feeds(contextLength), ...contextInputs(members, shape)})
    const layers = [...Array(state.config.layers).keys()]
    const caches = layers.flatMap((i) => [outputs[`keys_${i}`], outputs[`values_${i}`]]) as Float32Array[]
    batch.forEach((index, slot) => {
      const {ids} = prompts[index]
      const cache = {caches, slot, capacity: contextLength, length: ids.length - 1}
      results.push({cache, lastId: ids.at(-1)!, samples: samples[index]})
    })
  }
  return results
}
