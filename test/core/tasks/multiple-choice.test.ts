import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {evaluateModel} from '../../../src/core/evaluation/evaluation-log.js'
import {evaluationWork} from '../../../src/core/evaluation/evaluation-work.js'
import {predict} from '../../../src/core/evaluation/predict.js'
import type {LogprobQuery} from '../../../src/core/records/records.js'
import {predictionsTable, readTable} from '../../../src/core/tables/index.js'
import type {ItemPredictions, Task} from '../../../src/core/tasks/task.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {engineModel, temporaryFolder, tinyEngine} from '../../support/tiny-engine.js'

/** A question with two options of several tokens; the right one is `right`. */
interface TwoOptions {
  readonly prompt: Int32Array
  readonly options: readonly Int32Array[]
  readonly right: number
  readonly category: string
}

const items: readonly TwoOptions[] = Array.from({length: 70}, (_, i) => ({
  prompt: Int32Array.of(3, 5 + (i % 40), 7),
  options: [Int32Array.of(10 + i, 20), Int32Array.of(20 + (i % 60), 30 + (i % 9))],
  right: i % 2,
  category: i % 3 === 0 ? 'law' : 'physics',
}))

/** The one file that a benchmark of two options is. */
const twoOptions = {
  name: 'two-options',
  noun: 'questions',
  size: {train: 0, val: items.length},
  strata: ['law', 'physics'],
  splits: [
    {name: 'all', strata: ['law', 'physics']},
    {name: 'law', strata: ['law']},
    {name: 'physics', strata: ['physics']},
  ],
  gradeSettings: {},
  itemAt: (_, index) => items[index],
  keyOf: (item) => ({source: 'two-options', index: items.indexOf(item)}),
  factsOf: ({right, category}) => ({
    task: 'two-options',
    truth: Buffer.from('AB'[right]),
    boundaries: new Int32Array(),
    stratum: category,
    cluster: category,
  }),
  choices: {
    of: ({prompt, options, right}) => ({
      prompt,
      options: options.map((ids, i) => ({ids, answer: Buffer.from('AB'[i]), isRight: i === right})),
    }),
    settings: {},
    longest: () => ({promptTokens: 3, continuationTokens: 2}),
  },
} as Partial<Task<TwoOptions>> as Task<TwoOptions>

const {config} = loadConfig({sets: ['eval.modes=standard', 'data.batchTokens=64'], cwd: '/'})

it('a task with two options is one file: the more probable one is taken, and accuracies go by category', async () => {
  const engine = await tinyEngine()
  const given = {config, task: twoOptions as Task<unknown>, engine, model: engineModel}
  const predictor = {...given, progress: silentProgress} as never
  const file = `${temporaryFolder()}/predictions.arrow`
  const rows = await evaluateModel(predictor, {run: 'r', objective: 'o', checkpoint: 'c', step: 1}, file)
  const totalOf = async (prompt: Int32Array, continuation: Int32Array) => {
    const sequence = Int32Array.of(...prompt, ...continuation)
    const [{targetLogprob}] = await engine.score([sequence], {topK: 2, batchTokens: 64})
    return targetLogprob.subarray(prompt.length - 1).reduce((sum, logprob) => sum + logprob, 0)
  }
  const expected: number[] = []
  for (const {prompt, options} of items) {
    const [first, second] = [await totalOf(prompt, options[0]), await totalOf(prompt, options[1])]
    expected.push(second > first ? 1 : 0)
  }
  await engine.close()
  const predictions = readTable(file, predictionsTable)
  expect(predictions.map(({prediction}) => Buffer.from(prediction!).toString())).toEqual(expected.map((i) => 'AB'[i]))
  expect(new Set(expected).size).toBe(2)
  const right = (category: string) =>
    items.filter((item, i) => (category === 'all' || item.category === category) && item.right === expected[i]).length
  expect(rows.map(({split, correct}) => [split, correct])).toEqual(
    ['all', 'law', 'physics'].map((split) => [split, right(split)]),
  )
  expect(predictions[0]).toMatchObject({task: 'two-options', item: 'two-options@0', cluster: 'law', split: 'law'})
})

it('of equally probable options the first is taken', async () => {
  const engine = {logprobs: async (queries: readonly LogprobQuery[]) => queries.map(() => Float32Array.of(-1))}
  const predictor = {config, task: twoOptions, engine} as never
  const stage = silentProgress.stage('x', 70, 'items')
  const answers: ItemPredictions[] = []
  for await (const one of predict(predictor, items.keys(), 'standard', stage)) answers.push(one)
  expect(answers.map(({predictions: [{correct}]}) => correct)).toEqual(items.map(({right}) => right === 0))
})

it('is counted in the estimate by its queries', () => {
  const {score, logprobs} = evaluationWork(config, engineModel, {task: twoOptions as Task<unknown>} as never)
  expect(score).toBeUndefined()
  expect(logprobs).toMatchObject({asked: expect.any(Number)})
})
