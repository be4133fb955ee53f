import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {z} from 'zod'
import {configKeys} from '../config/keys.js'
import {valueAt} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {canonicalJson, hashFile, hashJson, outputKinds, readJsonOf, replaceText} from '../files/index.js'
import type {ModelConfig} from '../models/model-config.js'
import type {PreparedData} from '../prepared/prepared.js'
import {DataError, UsageError} from '../util/errors.js'

/** Fingerprints of what a command reads, by what it is called in messages: identity is content, not path. */
export type RunInputs = Readonly<Record<string, string>>

/** `run.json`: the mark of a run directory, and all that its results depend on. */
export interface RunIdentity {
  readonly rpt: string
  readonly version: string
  readonly command: string
  /** Dotted key -> value; what may change at `--resume`, and every path, is left out. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Null until they are known. */
  readonly inputs: RunInputs | null
}

/** Settings that may change at `--resume` and decide what the steps to come do, `train.steps` aside: how long one searches for signal. */
export const steering = ['grpo.dynamicSampling.maxBatches', 'grpo.dynamicSampling.onShortage'] as const

/**
 * Settings that may change at `--resume`: they touch nothing that was computed so far, and the others than `steering` touch what
 * comes by no more than the order in which numbers are added.
 */
const resumable: ReadonlySet<string> = new Set([
  ...steering,
  'train.steps',
  'train.allowNoop',
  'train.track',
  'train.rowsPerMicroBatch',
  'grpo.contextsPerMicroBatch',
  'grpo.completionsPerMicroBatch',
  'update.mode',
  'update.microBatchesAtOnce',
  'grpo.mismatchLimit',
  'rollout.contextsPerBatch',
  'sft.template',
  'sft.chatTemplate',
  'data.batchTokens',
  'threads',
  'device',
  'memory.check',
  'memory.limitGiB',
  'memory.deviceLimitGiB',
  'eval.every',
  'checkpoint.every',
  'checkpoint.steps',
  'checkpoint.keepLast',
  'checkpoint.dtype',
  'lora.merge',
])

const identitySchema: z.ZodType<RunIdentity> = z.looseObject({
  rpt: z.string(),
  version: z.string(),
  command: z.string(),
  settings: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), z.string()).nullable(),
})

/** The settings that the results of a run depend on; files count by content, see `RunInputs`. */
export function settingsOf(config: Config): Record<string, unknown> {
  const keys = configKeys.filter(({key, path}) => path === undefined && !resumable.has(key))
  return Object.fromEntries(keys.map(({key}) => [key, valueAt(config, key) ?? null]))
}

/** Hash of the settings that the results of a run depend on. */
export function settingsHash(config: Config): string {
  return hashJson(settingsOf(config))
}

/** Files that settings name, by their key; undefined where a key is not set. */
export type InputFiles = Readonly<Record<string, string | undefined>>

const ofPreparedData = ' of the prepared data'

/** The name of an input that is a part of the prepared data. */
export function inputOfData(part: string): string {
  return `${part}${ofPreparedData}`
}

/** What prompts and training rows are made from, besides the model: prepared data and the files that settings name. */
export function inputsOf(
  {prompt}: Config,
  data: Pick<PreparedData, 'manifest'> | null,
  others: InputFiles = {},
): RunInputs {
  const parts = Object.entries((data?.manifest.fingerprints ?? {}) as RunInputs)
  const files = {
    'prompt.templateFile': prompt.templateFile,
    'prompt.chatTemplateFile': prompt.chatTemplateFile,
    ...others,
  }
  return Object.fromEntries([
    ...parts.map(([part, hash]) => [inputOfData(part), hash]),
    ...Object.entries(files).flatMap(([key, file]) => (file ? [[key, hashFile(file)]] : [])),
  ])
}

/**
 * Checks that the files that settings name are as they were: what was read of them would otherwise be recorded as another.
 *
 * @param before inputs of before they were read
 * @param now inputs of afterwards; those that only one side has do not count
 * @throws {DataError} naming those that another process, or the user, has replaced meanwhile
 */
export function refuseReplacedInputs(command: string, before: RunInputs, now: RunInputs): void {
  const replaced = Object.keys(now).filter((name) => name in before && before[name] !== now[name])
  if (replaced.length === 0) return
  throw new DataError(`${command}: changed while they were in use: ${replaced.join(', ')}`, {
    suggestions: ['run the command again', 'to go on with --resume, put back what was there when it began'],
  })
}

/** Those of the prepared data alone. */
export function preparedInputs(inputs: RunInputs): RunInputs {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => name.endsWith(ofPreparedData)))
}

/** Identity of a run that begins now. */
export function identityOf(config: Config, command: string, version: string, inputs: RunInputs | null): RunIdentity {
  return {rpt: outputKinds.run.mark, version, command, settings: settingsOf(config), inputs}
}

/** What a run directory was begun with; null where there is none. Throws {DataError} when it cannot be read. */
export function readIdentity(runPath: string): RunIdentity | null {
  const file = join(runPath, outputKinds.run.markFile)
  return existsSync(file) ? readJsonOf(file, identitySchema, 'what the run was begun with') : null
}

/** What the results of a run depend on, as one hash; null where there is no run. */
export function identityHash(runPath: string): string | null {
  const identity = readIdentity(runPath)
  return identity && hashJson({settings: identity.settings, inputs: identity.inputs})
}

/** What the run of a sweep's point is called among the inputs of the sweep. */
export function inputOfPoint(name: string): string {
  return `the run of ${name}`
}

const endTokens = 'end tokens of '

/**
 * A model among the inputs of a command.
 *
 * @param name that it has among them
 * @param fingerprint of its files, among which generation_config.json is not: that may replace the end tokens of config.json
 */
export function modelInputs(name: string, fingerprint: string, {endIds}: Pick<ModelConfig, 'endIds'>): RunInputs {
  return {[name]: fingerprint, [`${endTokens}${name}`]: hashJson(endIds)}
}

/** What a checkpoint is called among the inputs of an evaluation. */
export function inputOfModel(run: string, step: number): string {
  return `model ${run} step ${step}`
}

/** Notes down what a run is begun with. */
export function writeIdentity(runPath: string, identity: RunIdentity): Promise<void> {
  return replaceText(join(runPath, outputKinds.run.markFile), `${JSON.stringify(identity, null, 2)}\n`)
}

/**
 * Checks that a run goes on with the settings and inputs that it was begun with.
 *
 * @throws {UsageError} naming what differs, with both values where they are short
 */
export function refuseOther(runPath: string, begun: RunIdentity, now: RunIdentity): void {
  if (begun.command !== now.command)
    throw new UsageError(`${now.command}: --resume of ${runPath}, which rpt ${begun.command} made`, {
      suggestions: ['choose another --out'],
    })
  const changes = [...changedSettings(begun.settings, now.settings), ...changedInputs(begun.inputs, now.inputs)]
  if (changes.length === 0) return
  const shown = changes.slice(0, 3).join('; ')
  const more = changes.length > 3 ? `; and ${changes.length - 3} more` : ''
  throw new UsageError(`${now.command}: --resume of ${runPath} with other settings or inputs: ${shown}${more}`, {
    suggestions: [`take them from ${join(runPath, 'config.resolved.yaml')}`, 'give --overwrite to start again'],
  })
}

/** Settings that an older version did not have count as their defaults. */
export function changedSettings(begun: RunIdentity['settings'], now: RunIdentity['settings']): string[] {
  return configKeys.flatMap(({key, defaultValue}) => {
    if (!(key in now)) return []
    const [before, after] = [key in begun ? begun[key] : (defaultValue ?? null), now[key]].map(inWords)
    return before === after ? [] : [`${key} was ${before} and is ${after}`]
  })
}

/** Inputs whose content differs, and those that only one side has; an older version did not note down end tokens. */
export function changedInputs(begun: RunInputs | null, now: RunInputs | null): string[] {
  if (begun === null || now === null) return []
  const names = [...new Set([...Object.keys(begun), ...Object.keys(now)])]
  return names
    .filter((name) => begun[name] !== now[name] && (name in begun || !name.startsWith(endTokens)))
    .map((name) => `${name} ${name in begun ? (name in now ? 'changed' : 'is missing') : 'is new'}`)
}

function inWords(value: unknown): string {
  const text = value === null ? 'unset' : canonicalJson(value)
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}
