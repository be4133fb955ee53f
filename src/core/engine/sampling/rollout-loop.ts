import {chunksOf} from '../../util/chunks-of.js'
import {maxOf} from '../../util/extremes.js'
import {type Tell, tellNobody} from '../../util/tell.js'
import {byLength} from '../graphs/bucket.js'
import {paddedRows} from '../graphs/padded-rows.js'
import {type RolloutShape, rolloutLoopGraph} from '../graphs/rollout-loop.js'
import {rolloutShape} from '../graphs/shapes.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState} from '../state/model-state.js'
import type {RolloutPrompt, RolloutRequest} from './rollout-request.js'
import type {Sample} from './sample.js'

/** Fills the samples of each prompt, prompts of similar length together, the whole sampling loop in one run per batch. */
export async function rolloutByLoop(
  state: ModelState,
  sessions: SessionCache,
  {prompts, maxTokens, contextsPerBatch, sampling}: RolloutRequest,
  samples: readonly (readonly Sample[])[],
  tell: Tell = tellNobody,
): Promise<void> {
  const groupSize = prompts[0].streams.length
  let done = 0
  for (const batch of chunksOf(byLength(prompts.map((prompt) => prompt.ids.length)), contextsPerBatch)) {
    const members = batch.map((index) => prompts[index])
    const promptTokens = maxOf(members.map((prompt) => prompt.ids.length))
    const shape = rolloutShape({contexts: batch.length, groupSize, promptTokens, maxTokens})
    const session = await sessions.get('rollout-loop', {...shape, ...sampling}, () =>
      rolloutLoopGraph(state.config, shape, sampling),
    )
    const rows = batch.flatMap((index) => samples[index])
    const inputs = loopInputs(members, rows, shape, maxTokens)
    const drawn = await session.run({...state.feeds(shape.contextLength + shape.capacity + 1), ...inputs})
    const width = shape.contexts * groupSize
    rows.forEach((sample, row) => {
      for (let at = row; at < drawn.tokens.length && !sample.isFinished; at += width)
        sample.push(Number(drawn.tokens[at]), Number(drawn.old_logprobs[at]), Number(drawn.margins[at]))
    })
    done += batch.length
    tell(`sampling, ${done}/${prompts.length} contexts done`)
  }
}

function loopInputs(
  prompts: readonly RolloutPrompt[],
  samples: readonly Sample[],
  {contexts, groupSize, contextLength, capacity}: RolloutShape,
  maxTokens: number,
) {
  const rows = contexts * groupSize
  const lastIds = new BigInt64Array(rows)
  const padding = new Uint8Array(rows).fill(1)
  const uniforms = new Float32Array(capacity * rows)
  samples.forEach((sample, row) => {
    lastIds[row] = BigInt(prompts[Math.floor(row / groupSize)].ids.at(-1)!)
    padding[row] = 0
    for (let t = 0; t < maxTokens; t++) uniforms[t * rows + row] = sample.uniformAt(t)
  })
  return {
    ...contextInputs(prompts, {contexts, contextLength}),
    last_ids: lastIds,
    padding,
    uniforms,
    max_tokens: BigInt64Array.of(BigInt(maxTokens)),
  }
}

/** Contexts (prompts without their last token) padded on the right to a [P, Tc] block, and their lengths. */
export function contextInputs(
  prompts: readonly RolloutPrompt[],
  {contexts, contextLength}: {contexts: number; contextLength: number},
) {
  const fed = prompts.map((prompt) => prompt.ids.subarray(0, -1))
  const {ids, positions} = paddedRows(fed, {rows: contexts, length: contextLength})
  const lengths = BigInt64Array.from({length: contexts}, (_, i) => BigInt(fed[i]?.length ?? 0))
  return {context_ids: ids, context_positions: positions, context_lengths: lengths}
}
