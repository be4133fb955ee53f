import {beforeAll, describe, expect, it} from 'vitest'
import type {EvalMode} from '../../../src/core/config/names.js'
import {configSchema} from '../../../src/core/config/schema.js'
import {contextsPerBatch, type Predictor, predict} from '../../../src/core/evaluation/predict.js'
import type {Prompt} from '../../../src/core/records/records.js'
import type {SamplingRequest} from '../../../src/core/samplers/sampler.js'
import type {Task} from '../../../src/core/tasks/task.js'
import {tasks} from '../../../src/core/tasks/tasks.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {tinyModel} from '../../support/tiny-model.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

const config = configSchema.parse({
  eval: {samples: 3, temperature: 0.5, forcedThought: ' idle'},
  rollout: {temperature: 0.9, contextsPerBatch: 2, maxTokens: 4},
  grpo: {groupSize: 4},
  prompt: {template: 'bare'},
})

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

/** How one item is sampled in a mode, and how many predictions come of it. */
async function sampledIn(mode: EvalMode, logprobs: readonly number[] = []) {
  const asked: object[] = []
  const sample = async (prompts: readonly Prompt[], {groupSize, greedy, temperature, ...rest}: SamplingRequest) => {
    asked.push({groupSize, greedy, temperature, contextsPerBatch: rest.contextsPerBatch})
    const completion = {
      ids: Int32Array.of(),
      oldLogprobs: Float32Array.from(logprobs),
      stopReason: 'end-of-text',
    } as const
    return {completions: prompts.map(() => Array(groupSize).fill(completion)), uniformsNearStep: null}
  }
  const task = {
    promptSettings: tasks['next-token'].promptSettings(config),
    itemAt: () => null,
    factsOf: () => null,
    promptOf: () => ({ids: Int32Array.of(1), key: {source: 'a', index: 0}, cutTokens: 0}),
    grade: () => ({answer: null, correct: false, outcome: 'no-box'}),
  } as unknown as Task<unknown>
  const predictor = {config, task, tokenizer, sampler: {sample}, model: tinyModel()} as unknown as Predictor
  let predictions = 0
  for await (const item of predict(predictor, [0], mode, silentProgress.stage('', 1, 'items')))
    predictions += item.predictions.length
  return {asked, predictions}
}

describe('an item is completed', () => {
  const greedy = {groupSize: 1, greedy: true, temperature: 0.9, contextsPerBatch: 8}
  const drawn = {groupSize: 3, greedy: false, temperature: 0.5, contextsPerBatch: 2}

  it('greedily, and by samples of another temperature where the model thinks', async () => {
    expect(await sampledIn('reasoning')).toEqual({asked: [greedy, drawn], predictions: 4})
  })

  it('and refused where a log-probability of the completion is not finite', async () => {
    await expect(sampledIn('reasoning', [-1, Number.NaN])).rejects.toThrow(/sampled for a position 0 is NaN/)
  })

  it('greedily alone where its thought is given', async () => {
    for (const mode of ['forced-thought', 'empty-thought'] as const)
      expect(await sampledIn(mode)).toEqual({asked: [greedy], predictions: 1})
  })

  it('beside as many others as keep products no larger than in training, and always by itself', () => {
    expect([1, 3, 8, 9].map((samples) => contextsPerBatch(config, samples))).toEqual([8, 2, 1, 1])
  })
})
