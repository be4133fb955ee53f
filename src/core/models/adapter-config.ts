import {join} from 'node:path'
import {z} from 'zod'
import {type AdapterTarget, adapterTargets} from '../config/names.js'
import {guardRead} from '../files/storage-error.js'
import {DataError} from '../util/errors.js'
import {readPlainText} from '../util/plain-file.js'
import {parseStrictJson} from '../util/strict-json.js'
import type {Adapter} from './adapter.js'
import {adapterConfigName} from './adapter-files.js'

/** Whether a value leaves the mathematics as they are computed here. */
type IsNeutral = (value: unknown) => boolean

const anything: IsNeutral = () => true
const one = (...values: readonly unknown[]): IsNeutral => values.includes.bind(values)
/** What PEFT writes for a setting that is not in use. */
const isOff: IsNeutral = (value) =>
  value == null || value === false || (typeof value === 'object' && Object.keys(value).length === 0)

/** Fields that may be on, with the values that change nothing; every other field must be off. One more is one row. */
const fields: Readonly<Record<string, {readonly isNeutral: IsNeutral; readonly expected: string}>> = {
  peft_type: {isNeutral: one('LORA'), expected: 'LORA'},
  task_type: {isNeutral: one('CAUSAL_LM', null), expected: 'CAUSAL_LM'},
  bias: {isNeutral: one('none'), expected: 'none'},
  // Others take something off the weights of the base.
  init_lora_weights: {
    isNeutral: one(true, false, null, 'gaussian', 'eva', 'orthogonal'),
    expected: 'an initialisation that leaves the base as it is',
  },
  ...Object.fromEntries(
    [
      ...['auto_mapping', 'peft_version', 'base_model_name_or_path', 'revision', 'inference_mode', 'runtime_config'],
      ...['r', 'lora_alpha', 'lora_dropout', 'target_modules', 'megatron_core', 'loftq_config', 'eva_config'],
      ...['corda_config', 'lora_ga_config', 'qalora_group_size', 'use_rslora'],
    ].map((field) => [field, {isNeutral: anything, expected: ''}]),
  ),
}

const remedy = 'merge it into its base: in PEFT call merge_and_unload, then save_pretrained and save the tokenizer'

const schema = z.looseObject({
  peft_type: z.string(),
  r: z.int().min(1),
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().nullish(),
  target_modules: z.union([z.string(), z.array(z.string()).min(1)]),
  base_model_name_or_path: z.string().min(1),
  revision: z.string().nullish(),
})

/**
 * Reads the description of adapters that PEFT, or `rpt`, wrote.
 *
 * @throws {DataError} when it cannot be read, or describes anything but plain LoRA on linear layers of the decoder
 */
export function readAdapterConfig(folder: string): Adapter {
  const file = join(folder, adapterConfigName)
  const value = parseStrictJson(
    guardRead('reading', file, () => readPlainText(file)),
    file,
  )
  const checked = schema.safeParse(value)
  if (!checked.success) {
    const [{path, message}] = checked.error.issues
    throw new DataError(`${file}: ${path.join('.') || 'the file'}: ${message}`)
  }
  const {
    r,
    lora_alpha: alpha,
    use_rslora,
    target_modules: modules,
    base_model_name_or_path: name,
    revision,
  } = checked.data
  for (const [field, seen] of Object.entries(checked.data)) {
    const {isNeutral, expected} = fields[field] ?? {isNeutral: isOff, expected: 'it off'}
    if (!isNeutral(seen)) throw refusal(file, field, seen, expected)
  }
  const base = {name, revision: revision ?? null}
  return {rank: r, alpha, rsLora: use_rslora ?? false, targets: targetsOf(modules, file), base}
}

/** The layers that adapters are on, in our order; PEFT may name them with what stands before. */
function targetsOf(modules: string | readonly string[], file: string): AdapterTarget[] {
  const names = typeof modules === 'string' ? [modules] : modules.map((name) => name.split('.').at(-1)!)
  const isKnown = names.every((name) => adapterTargets.some((target) => target === name))
  if (!isKnown || typeof modules === 'string')
    throw refusal(file, 'target_modules', modules, `a list of ${adapterTargets.join(', ')}`)
  return adapterTargets.filter((target) => names.includes(target))
}

function refusal(file: string, field: string, seen: unknown, expected: string): DataError {
  return new DataError(`${file}: ${field} is ${JSON.stringify(seen).slice(0, 80)}; expected ${expected}`, {
    suggestions: [remedy],
  })
}
