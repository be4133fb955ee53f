import {adapterTargets} from '../src/core/config/names.js'
import {policyContexts, policyShape} from '../src/core/engine/graphs/shapes.js'
import type {EngineWork} from '../src/core/engine/memory/engine-work.js'
import {estimateMemory} from '../src/core/engine/memory/memory.js'
import type {ModelConfig} from '../src/core/models/model-config.js'
import {parseModelConfig} from '../src/core/models/model-config.js'
import {devices} from '../src/core/runtime/devices.js'
import type {LengthsRow} from './lengths-rows.js'
import {models} from './models.js'

/** GRPO's objective in all rows: its entropy term alone asks for the update. */
export const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 1e-4}

/** The adapters that a row trains, of the base in a folder; null where it trains the weights. */
export function adapterOf({rank}: LengthsRow, base: string): ModelConfig['adapter'] {
  if (rank === undefined) return null
  return {rank, alpha: 2 * rank, rsLora: false, targets: adapterTargets, base: {name: base, revision: null}}
}

/** What a row asks of the engine. */
export function workOf(row: LengthsRow): EngineWork {
  const {contexts, groupSize, context, completion, contextsPerMicroBatch, mode} = row
  const model = {...parseModelConfig(models[row.model], row.model), adapter: adapterOf(row, row.model)}
  const together = Math.min(contexts, contextsPerMicroBatch)
  return {
    model,
    objective,
    isAccumulated: contexts > contextsPerMicroBatch,
    policy: policyShape({
      contexts: policyContexts(contexts, contextsPerMicroBatch),
      groupSize,
      promptTokens: context,
      completionTokens: completion,
      trainedTokens: together * groupSize * completion,
    }),
    rollout: {contexts: together, groupSize, promptTokens: context, maxTokens: completion},
    updateMode: mode,
  }
}

/** The loader of TypeScript in a measured process, which `rpt` is without: 61 to 65 MiB less was measured without it. */
const loaderBytes = 60 * 2 ** 20

/** What `--dry-run` says that a row needs, bytes, for a process that has this loader and no tokenizer. */
export function estimateOf(row: LengthsRow): number {
  const {totalBytes, parts} = estimateMemory(workOf(row), devices.cpu)
  const tokenizer = parts.find(({name}) => name === 'tokenizer')!
  return totalBytes - tokenizer.bytes + loaderBytes
}
