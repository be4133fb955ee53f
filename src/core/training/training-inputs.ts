import {statSync} from 'node:fs'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import {evaluatedTask} from '../evaluation/evaluated-task.js'
import {hashFile, manifestName, readManifest} from '../files/index.js'
import {readModelConfig} from '../models/model-config.js'
import {objectives} from '../objectives/objectives.js'
import type {PreparedData} from '../prepared/prepared.js'
import {fingerprintOfPlace, readModel} from '../runs/model-place.js'
import {type ModelRequest, resolveModel} from '../runs/resolve-model.js'
import {
  changedInputs,
  changedSettings,
  type InputFiles,
  inputsOf,
  modelInputs,
  type RunInputs,
  readIdentity,
  settingsOf,
} from '../runs/run-identity.js'
import {tasks} from '../tasks/tasks.js'

/** Fingerprints of what a training run reads besides its model: prepared data, and the files of its objective and its evaluations. */
export function trainingFiles(config: Config, data: Pick<PreparedData, 'manifest'> | null): RunInputs {
  return inputsOf(config, data, filesOf(config))
}

function filesOf(config: Config): InputFiles {
  return {...objectives[config.train.objective].files(config), ...tasks[evaluatedTask(config)].files(config)}
}

/** Fingerprints of those files, before any is read; without those that are missing or no files, which the reader names. */
export function filesAsFound(config: Config): RunInputs {
  const isFile = (file = '') => statSync(file, {throwIfNoEntry: false})?.isFile() === true
  const {templateFile, chatTemplateFile} = config.prompt
  const named = {'prompt.templateFile': templateFile, 'prompt.chatTemplateFile': chatTemplateFile, ...filesOf(config)}
  const files = Object.entries(named).map(([key, file]) => [key, isFile(file) ? file : undefined])
  return inputsOf(config, null, Object.fromEntries(files))
}

/** Fingerprints of all that a training run reads; null where not all of it is there. */
async function trainingInputs(config: Config, services: ModelRequest): Promise<RunInputs | null> {
  const manifest = config.data.dir ? readManifest(join(config.data.dir, manifestName)) : undefined
  if (typeof manifest === 'string') return null
  const {path, config: file} = config.model
  const found = path ? await resolveModel(path, undefined, services) : null
  if (found && !found.isWhole) return null
  const fingerprint = found ? fingerprintOfPlace(found) : hashFile(file!)
  const model = found ? await readModel(found) : await readModelConfig(file!)
  return {...trainingFiles(config, manifest ? {manifest} : null), ...modelInputs('model', fingerprint, model)}
}

/**
 * Whether a folder is a training run with these settings on these inputs, wherever they lie. How it is evaluated meanwhile
 * changes nothing of what it trains. In a rehearsal, a model that is still to be fetched makes it another run.
 *
 * @throws {DataError} when it says what it was begun with in a way that cannot be read
 */
export async function isRunOf(path: string, config: Config, services: ModelRequest): Promise<boolean> {
  const begun = readIdentity(path)
  const trained = Object.entries(settingsOf(config)).filter(([key]) => !key.startsWith('eval.'))
  if (begun?.command !== 'train' || changedSettings(begun.settings, Object.fromEntries(trained)).length > 0)
    return false
  const inputs = await trainingInputs(config, services)
  return inputs !== null && changedInputs(begun.inputs, inputs).length === 0
}
