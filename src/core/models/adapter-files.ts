import {existsSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {guardWrite} from '../files/storage-error.js'
import type {Adapter} from './adapter.js'

/** How PEFT describes adapters, beside their tensors. */
export const adapterConfigName = 'adapter_config.json'

/** Whether a folder holds adapters and no checkpoint of its own. */
export function isAdapterFolder(folder: string): boolean {
  return existsSync(join(folder, adapterConfigName)) && !existsSync(join(folder, 'config.json'))
}

/** Describes adapters as PEFT does. Throws {RuntimeFailure} when the file system refuses. */
export async function writeAdapterConfig(folder: string, {rank, alpha, rsLora, targets, base}: Adapter): Promise<void> {
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base.name,
    revision: base.revision,
    inference_mode: true,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    target_modules: targets,
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    layers_to_transform: null,
    layers_pattern: null,
    modules_to_save: null,
    rank_pattern: {},
    alpha_pattern: {},
    use_dora: false,
    use_rslora: rsLora,
  }
  const file = join(folder, adapterConfigName)
  await guardWrite('writing', file, () => writeFile(file, `${JSON.stringify(config, null, 2)}\n`))
}
