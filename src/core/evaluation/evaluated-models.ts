import type {SourcedConfig} from '../config/load.js'
import type {Origins} from '../runs/origins.js'
import {type ModelRequest, type ResolvedModel, resolveModel} from '../runs/resolve-model.js'
import {UsageError} from '../util/errors.js'
import {commandTask} from './evaluated-task.js'
import {withGeneration} from './generation-settings.js'
import {withRunSettings} from './run-settings.js'

/** A model to evaluate and how. */
export interface EvaluatedModel extends ResolvedModel {
  /** The setting that names it: `model.path` or `eval.models[0]`. */
  readonly setting: string
  /** Its own settings: what its run was trained with and its generation_config.json says, unless it is given. */
  readonly loaded: SourcedConfig
}

/**
 * The models of `eval.models`, or that of `model.path`; a checkpoint that is named in two ways counts once.
 *
 * @param recorded commits that an earlier attempt began with
 * @throws {DataError} when there is no such checkpoint
 * @throws {UsageError} when results could not tell two of them apart, or a run does not know its template
 */
export async function evaluatedModels(
  loaded: SourcedConfig,
  request: Omit<ModelRequest, 'recorded'>,
  recorded: Origins = {},
): Promise<EvaluatedModel[]> {
  const {model, eval: evaluation} = loaded.config
  const named =
    evaluation.models.length > 0
      ? evaluation.models.map((path, i) => ({path, setting: `eval.models[${i}]`}))
      : [{path: model.path!, setting: 'model.path'}]
  const models: EvaluatedModel[] = []
  for (const {path, setting} of named) {
    const resolved = await resolveModel(path, evaluation.checkpoint, {...request, recorded: recorded[setting]})
    if (models.some(({folder}) => folder === resolved.folder)) continue
    models.push({...resolved, setting, loaded: withRunSettings(loaded, resolved.folder, commandTask(loaded.config))})
  }
  checkDistinct(models)
  checkStep(models, evaluation.checkpoint)
  const folders = models.map(({folder}) => folder)
  return models.map((model) => ({...model, loaded: withGeneration(model.loaded, folders)}))
}

/** Refuses models that results could not tell apart: rows name a model by its run and step. */
function checkDistinct(models: readonly ResolvedModel[]): void {
  for (const [i, {run, step, folder}] of models.entries()) {
    const twin = models.slice(0, i).find((other) => other.run === run && other.step === step)
    if (twin)
      throw new UsageError(`eval: ${twin.folder} and ${folder} are both called ${run}, step ${step}`, {
        suggestions: ['rename one of the folders', 'evaluate them into separate --out folders'],
      })
  }
}

/** Refuses a step asked of what is one checkpoint and no run. */
function checkStep(models: readonly ResolvedModel[], checkpoint: number | undefined): void {
  const [{folder, step}] = models
  if (checkpoint !== undefined && models.length === 1 && step !== checkpoint)
    throw new UsageError(
      `eval: checkpoint ${checkpoint} of ${folder}, which is a single checkpoint, not a run directory`,
      {
        suggestions: ['leave --checkpoint out', 'give the run directory as --model'],
      },
    )
}
