import type {Config} from '../config/schema.js'
import type {MemoryDemand, SizeSetting} from '../engine/memory/check-memory.js'
import type {EngineWork, WorkKind} from '../engine/memory/engine-work.js'

/** The settings that decide how large graphs are; each is bounded by what training or evaluation can reach. */
const sizeSettings: readonly {
  readonly setting: string
  readonly kinds: readonly WorkKind[]
  readonly least: number
  read(config: Config): number
  write(config: Config, value: number): Config
}[] = [
  {
    setting: 'grpo.contextsPerMicroBatch',
    kinds: ['policy', 'reference'],
    least: 1,
    read: ({grpo}) => grpo.contextsPerMicroBatch,
    write: (config, contextsPerMicroBatch) => ({...config, grpo: {...config.grpo, contextsPerMicroBatch}}),
  },
  {
    setting: 'grpo.completionsPerMicroBatch',
    kinds: ['policy', 'reference'],
    least: 1,
    read: ({grpo}) => grpo.completionsPerMicroBatch ?? grpo.groupSize,
    write: (config, completionsPerMicroBatch) => ({...config, grpo: {...config.grpo, completionsPerMicroBatch}}),
  },
  {
    setting: 'rollout.contextsPerBatch',
    kinds: ['rollout'],
    least: 1,
    read: ({rollout}) => rollout.contextsPerBatch,
    write: (config, contextsPerBatch) => ({...config, rollout: {...config.rollout, contextsPerBatch}}),
  },
  {
    setting: 'train.rowsPerMicroBatch',
    kinds: ['languageModel'],
    least: 1,
    read: ({train}) => train.rowsPerMicroBatch,
    write: (config, rowsPerMicroBatch) => ({...config, train: {...config.train, rowsPerMicroBatch}}),
  },
  {
    setting: 'data.batchTokens',
    kinds: ['score', 'logprobs'],
    least: 16,
    read: ({data}) => data.batchTokens,
    write: (config, batchTokens) => ({...config, data: {...config.data, batchTokens}}),
  },
  {
    setting: 'train.maxRowTokens',
    kinds: ['languageModel'],
    least: 16,
    read: ({train}) => train.maxRowTokens,
    write: (config, maxRowTokens) => ({...config, train: {...config.train, maxRowTokens}}),
  },
  {
    setting: 'rollout.maxTokens',
    kinds: ['policy', 'reference', 'rollout'],
    least: 16,
    read: ({rollout}) => rollout.maxTokens,
    write: (config, maxTokens) => ({...config, rollout: {...config.rollout, maxTokens}}),
  },
  {
    setting: 'prompt.maxTokens',
    kinds: ['policy', 'reference', 'rollout'],
    least: 64,
    read: ({prompt}) => prompt.maxTokens,
    write: (config, maxTokens) => ({...config, prompt: {...config.prompt, maxTokens}}),
  },
  {
    setting: 'grpo.groupSize',
    kinds: ['policy', 'reference', 'rollout'],
    least: 2,
    read: ({grpo}) => grpo.groupSize,
    write: (config, groupSize) => ({...config, grpo: {...config.grpo, groupSize}}),
  },
]

/** Work of a command as a demand: the settings are those that make its graphs smaller. */
export function demandOf(config: Config, workOf: (config: Config) => EngineWork): MemoryDemand {
  const workIn = (settings: Config): EngineWork => ({...workOf(settings), precision: settings.precision})
  const work = workIn(config)
  const kinds = new Set<WorkKind>(Object.keys(work) as WorkKind[])
  const sizes = sizeSettings
    .filter((size) => size.kinds.some((kind) => kinds.has(kind)))
    .map(
      ({setting, kinds: shrunk, least, read, write}): SizeSetting => ({
        setting,
        kinds: shrunk,
        least,
        value: read(config),
        at: (value) => workIn(write(config, value)),
      }),
    )
  return {work, device: config.device, sizes}
}
