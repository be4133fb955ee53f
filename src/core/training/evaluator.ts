import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import {evaluatedTask} from '../evaluation/evaluated-task.js'
import type {Predictor} from '../evaluation/predict.js'
import type {ModelConfig} from '../models/model-config.js'
import type {PreparedData} from '../prepared/prepared.js'
import {tasks} from '../tasks/tasks.js'

/** What a trained model is evaluated with, a sampler aside: the task of `evaluatedTask`, opened. */
export async function openEvaluator(opening: {
  readonly config: Config
  readonly data: PreparedData
  readonly model: ModelConfig
  readonly engine: Engine
}): Promise<Omit<Predictor, 'sampler'>> {
  const {config, data, model, engine} = opening
  const task = await tasks[evaluatedTask(config)].open({config, data, model})
  return {config, task, tokenizer: data.tokenizer, engine, model}
}
