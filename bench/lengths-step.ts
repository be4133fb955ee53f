import {join} from 'node:path'
import type {RolloutResult} from '../src/core/engine/sampling/rollout-request.js'
import {startEngine} from '../src/core/engine/start-engine.js'
import type {PolicyRequest} from '../src/core/engine/update/policy-request.js'
import {maxOf} from '../src/core/util/extremes.js'
import {streamSeed} from '../src/core/util/rng.js'
import type {WorkSize} from './job.js'
import type {LengthsMeasurement, LengthsRow} from './lengths-rows.js'
import {adapterOf, objective} from './lengths-work.js'
import {peakMemory} from './peak-memory.js'
import {median} from './results.js'
import {TokenTape} from './token-tape.js'

/** Takes a small step, then one of a LengthsRow, or some of it alone where they are timed, given as JSON in the first argument, in this process; prints a LengthsMeasurement. */

const {row, checkpoint, threads} = JSON.parse(process.argv[2]) as {
  row: LengthsRow
  checkpoint: string
  threads: number
}
const {mode, contextsPerMicroBatch} = row
const adapter = adapterOf(row, checkpoint)

const engine = startEngine({device: 'cpu', threads})
await engine.load({checkpoint, ...(adapter && {adapter: {fresh: adapter, seed: 0}})})
const tape = new TokenTape(join(checkpoint, 'tokens.bin'))
// Moments are there from the first step's end on: of all steps it alone needs less. Where more steps follow, no small one is
// needed; its graph would stay, with all gradients if the update is whole.
if (row.timedSteps === undefined) await step({contexts: 1, groupSize: 2, context: 8, completion: 2})
const first = await step(row)
const warm = []
for (let i = 0; i < (row.timedSteps ?? 0); i++) warm.push(await step(row))
const timed = warm.length > 0 ? warm : [first]
const measurement: LengthsMeasurement = {
  peakBytes: peakMemory(),
  sampleSeconds: median(timed.map(({sampled}) => sampled.seconds)),
  updateSeconds: median(timed.map(({updated}) => updated.seconds)),
  mismatch: maxOf([first, ...warm].map(({updated}) => updated.result!.mismatchMax)),
}
console.log(JSON.stringify(measurement))
await engine.close()

/** Samples and updates once, every text as long as said. */
async function step({contexts, groupSize, context, completion}: WorkSize) {
  const prompts = tape.run(0, {contexts, groupSize, context, completion: 1}).contexts
  const sampled = await timing(() =>
    engine.rollout({
      prompts: prompts.map((ids, prompt) => ({
        ids,
        streams: Array.from({length: groupSize}, (_, sample) => streamSeed(0, 'lengths', prompt, sample)),
      })),
      maxTokens: completion,
      contextsPerBatch: contextsPerMicroBatch,
      sampling: {temperature: 1, greedy: false, endIds: []},
    }),
  )
  const updated = await timing(() => engine.updatePolicy(requestOf(prompts, sampled.result.groups), true))
  return {sampled, updated}
}

function requestOf(prompts: readonly Int32Array[], groups: RolloutResult['groups']): PolicyRequest {
  return {
    // No advantages: the entropy term alone asks for the update.
    groups: prompts.map((promptIds, i) => ({
      promptIds,
      completions: groups[i],
      advantages: groups[i].map(() => 0),
    })),
    temperature: 1,
    objective,
    lossNormalizer: 'token',
    contextsPerMicroBatch,
    mismatchLimit: 1e-4,
    optimizer: {learningRate: 1e-6, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 0.2},
    mode,
  }
}

async function timing<T>(run: () => Promise<T>): Promise<{result: T; seconds: number}> {
  const started = performance.now()
  const result = await run()
  return {result, seconds: (performance.now() - started) / 1000}
}
