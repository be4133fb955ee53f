import type {Config} from '../config/schema.js'
import {completionBucket, lengthBucket} from '../engine/bucket.js'
import {type ModelConfig, readModelConfig} from '../models/model-config.js'
import {parameterCount} from '../models/parameters.js'
import {resolveModel} from './run-directory.js'

/** What a command would do, for `--dry-run`. */
export interface Plan {
  /** The batch identity, in words. */
  readonly batch: readonly string[]
  /** Estimated tensors in memory, bytes. */
  readonly memory: readonly {readonly name: string; readonly bytes: number}[]
  readonly files: readonly string[]
}

type Planner = (config: Config) => Promise<Plan>

const float = 4

/** How each command is planned. */
const planners: Readonly<Record<string, Planner>> = {
  train: planTraining,
  eval: async (config) => ({
    batch: [`${config.eval.limit ?? 'all'} held-out positions x modes ${config.eval.modes.join(', ')}`],
    memory: weightTensors(await evaluatedModel(config), ['weights']),
    files: [`${config.out}/eval.arrow`, `${config.out}/eval/step-*.arrow`, `${config.out}/summary.json`],
  }),
  'prepare-data': async (config) => ({
    batch: [`${config.data.limit ?? 'all'} documents, at most ${config.data.batchTokens} tokens scored at once`],
    memory: config.data.proxy ? weightTensors(await readModelConfig(config.data.proxy), ['weights of the proxy']) : [],
    files: ['documents.arrow', 'positions.arrow', 'tokenizer.json', 'manifest.json'].map(
      (file) => `${config.out}/${file}`,
    ),
  }),
  'scaling-sweep': async (config) => ({
    batch: [
      `${pointCount(config)} points x checkpoints ${config.sweep.checkpoints.join(', ') || 'of checkpoint.steps'}`,
    ],
    memory: [],
    files: [
      `${config.out}/sweep.arrow`,
      `${config.out}/runs/*`,
      `${config.out}/summary.json`,
      `${config.out}/scaling-*.svg`,
    ],
  }),
}

/** What a command would compute, hold in memory and write; nothing is run or written. */
export async function planOf(command: string, config: Config): Promise<Plan> {
  return (await planners[command]?.(config)) ?? {batch: [], memory: [], files: []}
}

async function planTraining(config: Config): Promise<Plan> {
  const model = await modelOf(config)
  const isRpt = config.train.objective === 'rpt'
  const files = [
    'config.resolved.yaml',
    'metrics.arrow',
    ...(isRpt ? ['rollouts/step-*.arrow'] : []),
    'checkpoints/step-*',
    'summary.json',
  ]
  return {
    batch: [isRpt ? groupIdentity(config) : rowIdentity(config)],
    memory: [
      ...weightTensors(model, ['weights', 'gradients', 'first moments', 'second moments']),
      {name: logitsName(config), bytes: trainedTokens(config) * model.vocabulary * float * 4},
    ],
    files: files.map((file) => `${config.out}/${file}`),
  }
}

/** contexts x G = completions = micro-batches x contexts x G. */
function groupIdentity({grpo}: Config): string {
  const {contextsPerStep, groupSize, miniBatches, contextsPerMicroBatch} = grpo
  const perUpdate = Math.ceil(contextsPerStep / miniBatches)
  const micro = Math.ceil(perUpdate / contextsPerMicroBatch)
  return `${contextsPerStep} contexts x ${groupSize} = ${contextsPerStep * groupSize} completions = ${miniBatches} updates x ${micro} micro-batches x ${contextsPerMicroBatch} contexts x ${groupSize}`
}

function rowIdentity({train}: Config): string {
  const micro = Math.ceil(train.batchRows / train.rowsPerMicroBatch)
  return `${train.batchRows} rows = ${micro} micro-batches x ${train.rowsPerMicroBatch} rows`
}

function trainedTokens({train, grpo, rollout}: Config): number {
  return train.objective === 'rpt'
    ? grpo.contextsPerMicroBatch * grpo.groupSize * completionBucket(rollout.maxTokens)
    : train.rowsPerMicroBatch * lengthBucket(train.maxRowTokens)
}

function logitsName({train}: Config): string {
  const setting = train.objective === 'rpt' ? 'grpo.contextsPerMicroBatch' : 'train.rowsPerMicroBatch'
  return `logits, probabilities and their gradients of a micro-batch at full length (shrink with ${setting})`
}

function weightTensors(model: ModelConfig, names: readonly string[]) {
  return names.map((name) => ({name, bytes: parameterCount(model) * float}))
}

async function modelOf({model}: Config): Promise<ModelConfig> {
  return readModelConfig(model.path ? (await resolveModel(model.path)).folder : model.config!)
}

/** The first of the models evaluated: one is in memory at a time. */
async function evaluatedModel({model, eval: {models, checkpoint}}: Config): Promise<ModelConfig> {
  return readModelConfig((await resolveModel(models[0] ?? model.path!, checkpoint)).folder)
}

function pointCount({sweep}: Config): number {
  return Object.values(sweep.axes).reduce((product, values) => product * values.length, 1)
}
