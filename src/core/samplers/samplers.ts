import type {SamplerName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import type {ModelConfig} from '../models/model-config.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {localSampler} from './local.js'
import type {Sampler} from './sampler.js'

/** What a sampler is opened with. */
interface SamplerOpening {
  readonly config: Config
  readonly engine: Engine
  readonly model: ModelConfig
  readonly tokenizer: Tokenizer
}

/** Every sampler by name. Adding one is one file, one row, and its name in config/names.ts. */
const samplers: Readonly<Record<SamplerName, (opening: SamplerOpening) => Promise<Sampler>>> = {
  local: async ({engine, model, tokenizer}) => localSampler(engine, model, tokenizer),
}

/** Opens the sampler that `rollout.sampler` names. */
export function openSampler(opening: SamplerOpening): Promise<Sampler> {
  return samplers[opening.config.rollout.sampler](opening)
}

/** Opens a sampler for weights that the engine holds, and closes it when it has been used. */
export async function withSampler<T>(
  opening: SamplerOpening,
  step: number,
  use: (sampler: Sampler) => Promise<T>,
): Promise<T> {
  const sampler = await openSampler(opening)
  try {
    await sampler.follow((folder) => opening.engine.save(folder, false), step)
    return await use(sampler)
  } finally {
    await sampler.close()
  }
}
