import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {adapterTargets} from '../src/core/config/names.js'
import {LocalEngine} from '../src/core/engine/engine.js'
import {policyContexts, policyShape} from '../src/core/engine/graphs/shapes.js'
import type {EngineWork} from '../src/core/engine/memory/engine-work.js'
import {estimateMemory} from '../src/core/engine/memory/memory.js'
import {parseModelConfig} from '../src/core/models/model-config.js'
import {devices} from '../src/core/runtime/devices.js'
import {streamSeed} from '../src/core/util/rng.js'
import type {LengthsMeasurement, LengthsRow} from './lengths-rows.js'
import {peakMemory} from './peak-memory.js'
import {TokenTape} from './token-tape.js'

/** Takes one step of a LengthsRow, given as JSON in the first argument, in this process; prints a LengthsMeasurement. */

const {row, checkpoint, threads} = JSON.parse(process.argv[2]) as {
  row: LengthsRow
  checkpoint: string
  threads: number
}
const {contexts, groupSize, context, completion, mode, rank, contextsPerMicroBatch} = row
const base = {name: checkpoint, revision: null}
const adapter = rank === undefined ? null : {rank, alpha: 2 * rank, targets: adapterTargets, base}
const plain = parseModelConfig(JSON.parse(readFileSync(join(checkpoint, 'config.json'), 'utf8')), row.model)
const model = {...plain, adapter}
const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 1e-4}

const engine = new LocalEngine({device: 'cpu', threads})
await engine.load({checkpoint, ...(adapter && {adapter: {fresh: adapter, seed: 0}})})
const tape = new TokenTape(join(checkpoint, 'tokens.bin'))
const prompts = tape.run(0, {contexts, groupSize, context, completion: 1}).contexts
const sampled = await timed(() =>
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
const updated = await timed(() =>
  engine.updatePolicy(
    {
      // No advantages: the entropy term alone asks for the update.
      groups: prompts.map((promptIds, i) => ({
        promptIds,
        completions: sampled.result.groups[i],
        advantages: sampled.result.groups[i].map(() => 0),
      })),
      temperature: 1,
      objective,
      lossNormalizer: 'token',
      contextsPerMicroBatch,
      mismatchLimit: 1e-4,
      optimizer: {
        learningRate: 1e-6,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0.01,
        maxGradNorm: 0.2,
      },
      mode,
    },
    true,
  ),
)
const measurement: LengthsMeasurement = {
  estimatedBytes: estimateMemory(workOf(), devices.cpu).totalBytes,
  peakBytes: peakMemory(),
  sampleSeconds: sampled.seconds,
  updateSeconds: updated.seconds,
  mismatch: updated.result!.mismatchMax,
}
console.log(JSON.stringify(measurement))
await engine.close()

function workOf(): EngineWork {
  const together = policyContexts(contexts, contextsPerMicroBatch)
  const trainedTokens = Math.min(contexts, contextsPerMicroBatch) * groupSize * completion
  return {
    model,
    objective,
    isAccumulated: contexts > contextsPerMicroBatch,
    policy: policyShape({
      contexts: together,
      groupSize,
      promptTokens: context,
      completionTokens: completion,
      trainedTokens,
    }),
    rollout: {
      contexts: Math.min(contexts, contextsPerMicroBatch),
      groupSize,
      promptTokens: context,
      maxTokens: completion,
    },
    updateMode: mode,
  }
}

async function timed<T>(run: () => Promise<T>): Promise<{result: T; seconds: number}> {
  const started = performance.now()
  const result = await run()
  return {result, seconds: (performance.now() - started) / 1000}
}
