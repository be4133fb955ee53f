import {existsSync, mkdirSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {serialize} from 'node:v8'
import {beforeAll, describe, expect, it} from 'vitest'
import type {Engine} from '../../../src/core/engine/engine.js'
import type {RolloutRequest} from '../../../src/core/engine/sampling/rollout-request.js'
import {EvaluationLog, evaluateModel} from '../../../src/core/evaluation/evaluation-log.js'
import {ModeTally} from '../../../src/core/evaluation/mode-tally.js'
import {itemsPerCall, type Predictor, predict} from '../../../src/core/evaluation/predict.js'
import {predictionRows} from '../../../src/core/evaluation/prediction-rows.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {parameterCount} from '../../../src/core/models/parameters.js'
import {KeptPositions} from '../../../src/core/prepared/kept-positions.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {difficulties} from '../../../src/core/records/records.js'
import type {RunDirectory} from '../../../src/core/runs/run-directory.js'
import {localSampler} from '../../../src/core/samplers/local.js'
import {splitsOf} from '../../../src/core/statistics/split.js'
import {countRows, predictionsTable, readTable} from '../../../src/core/tables/index.js'
import type {ItemPredictions} from '../../../src/core/tasks/task.js'
import {openEvaluator} from '../../../src/core/training/evaluator.js'
import {Interrupted} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {engineModel} from '../../support/tiny-engine.js'
import {type ToyWorkspace, toyConfig, toyWorkspace} from '../../support/toy-run.js'

const subject = {run: 'toy', objective: 'base', checkpoint: 'step-000000', step: 0}
const answer = 'x</think>\\boxed{ A}'
const calls = 4

let toy: ToyWorkspace
let predictor: Predictor
let positions: KeptPositions
/** Prompts that the engine has completed. */
let completed = 0

/** Many more positions than one call takes, of few documents. */
beforeAll(async () => {
  toy = await toyWorkspace()
  const data = await openPrepared(toy.data)
  positions = new KeptPositions(data.documents.ids)
  const count = calls * itemsPerCall
  for (let i = 0; i < count; i++) positions.push(data.heldOutPositions.at(i % data.heldOutPositions.length))
  const ids = data.tokenizer.encodeMarkup(answer)
  const completion = {ids, oldLogprobs: new Float32Array(ids.length), stopReason: 'end-of-text'} as const
  const engine = {
    watch() {},
    async rollout({prompts}: RolloutRequest) {
      completed += prompts.length
      return {groups: prompts.map(({streams}) => streams.map(() => completion)), uniformsNearStep: 0}
    },
  } as unknown as Engine
  const config = toyConfig(toy, 'unused', ['eval.modes=[reasoning]', 'eval.samples=2', 'eval.bootstraps=5'])
  const model = await readModelConfig(toy.base)
  const opened = await openEvaluator({config, data: {...data, heldOutPositions: positions}, engine, model})
  predictor = {...opened, sampler: localSampler(engine, model, data.tokenizer)}
})

function folderOf(name: string): string {
  const folder = join(toy.folder, name)
  mkdirSync(folder)
  return folder
}

describe('predictions', () => {
  it('are made as they are asked for, a call of the engine at a time', async () => {
    completed = 0
    let count = 0
    for await (const predicted of predict(
      predictor,
      Array(positions.length).keys(),
      'reasoning',
      silentProgress.stage(''),
    )) {
      const {docId: doc_id, position} = positions.at(count)
      const rows = predictionRows(predicted, 'reasoning')
      expect(rows.map(({sample}) => sample)).toEqual([0, 1, 2])
      const expected = {doc_id, position, item: `${doc_id}@${position}`, task: 'next-token', completion_text: answer}
      for (const row of rows) expect(row).toMatchObject(expected)
      // Each is completed twice: greedily, and with samples.
      expect(completed).toBe(2 * itemsPerCall * (1 + Math.floor(count / itemsPerCall)))
      count++
    }
    expect(count).toBe(calls * itemsPerCall)
  })

  it('go to the table in their order', async () => {
    const file = join(folderOf('whole'), 'predictions.arrow')
    const [all] = await evaluateModel({...predictor, progress: silentProgress}, subject, file)
    expect(all).toMatchObject({split: 'all', count: calls * itemsPerCall})
    const rows = readTable(file, predictionsTable)
    expect(rows).toHaveLength(3 * calls * itemsPerCall)
    expect(rows.filter(({sample, correct}) => sample === 0 && correct)).toHaveLength(all.correct)
    expect(rows.slice(0, 6).map(({sample}) => sample)).toEqual([0, 1, 2, 0, 1, 2])
  })

  it('of some items by seed are in the order of all, too', async () => {
    const file = join(folderOf('some'), 'predictions.arrow')
    const {config, task} = predictor
    const drawnWith = async (seed: number) => {
      const drawn: number[] = []
      const itemAt: typeof task.itemAt = (partition, index) => {
        drawn.push(index)
        return task.itemAt(partition, index)
      }
      const limited = {...config, seed, eval: {...config.eval, limit: 9}}
      await evaluateModel(
        {...predictor, config: limited, task: {...task, itemAt}, progress: silentProgress},
        subject,
        file,
      )
      return drawn
    }
    const [drawn, others] = [await drawnWith(0), await drawnWith(1)]
    expect(new Set(drawn).size).toBe(9)
    expect(drawn).toEqual(drawn.toSorted((a, b) => a - b))
    expect(drawn).not.toEqual([...Array(9).keys()])
    expect(others).not.toEqual(drawn)
  })

  it('leave nothing when they end in the middle, and what was there before', async () => {
    const folder = folderOf('stopped')
    const file = join(folder, 'predictions.arrow')
    const stopAfterOne = () => {
      const controller = new AbortController()
      const stage = {advance: () => controller.abort(), note() {}, done() {}}
      const progress = {...silentProgress, stage: () => stage}
      return evaluateModel({...predictor, progress, signal: controller.signal}, subject, file)
    }
    await expect(stopAfterOne()).rejects.toBeInstanceOf(Interrupted)
    expect(readdirSync(folder)).toEqual([])
    await evaluateModel({...predictor, progress: silentProgress}, subject, file)
    await expect(stopAfterOne()).rejects.toBeInstanceOf(Interrupted)
    expect(existsSync(file)).toBe(true)
    expect(readdirSync(folder)).toHaveLength(1)
    expect(countRows(file, predictionsTable)).toBe(3 * calls * itemsPerCall)
  })

  it('are made once of each model, though other models have checkpoints of the same step', async () => {
    const path = folderOf('log')
    const at = (...names: string[]) => join(path, ...names)
    const place = async (_: string, name: string) => at(name)
    const reopen = async (name: string, open: (file: string) => unknown) => open(at(name))
    const run = {path, at, place, reopen, services: {progress: silentProgress}}
    const log = await EvaluationLog.open(run as unknown as RunDirectory, predictor)
    const asked: number[] = []
    for (const name of ['a', 'b', 'a']) {
      const before = completed
      const rows = await log.evaluate({...subject, run: name})
      expect(rows.filter(({split}) => split === 'all').map((row) => row.run)).toEqual(
        ['a', 'b'].slice(0, asked.length + 1),
      )
      asked.push(Math.sign(completed - before))
    }
    expect(asked).toEqual([1, 1, 0])
  })
})

describe('what is counted of them', () => {
  it('grows with the documents, not with the predictions, and holds no text', () => {
    const sizeAfter = (count: number) => {
      const shape = {...engineModel, parameterCount: parameterCount(engineModel)}
      const tally = new ModeTally({strata: difficulties, splits: splitsOf('nested'), ks: [1, 2], seed: 0}, shape)
      for (let position = 1; position <= count; position++) tally.add(predictionsAt(position))
      expect(tally.count).toBe(count)
      expect(serialize({...tally}).includes('thought')).toBe(false)
      return serialize({...tally}).byteLength
    }
    // Larger numbers may take a few bytes more.
    expect(sizeAfter(20_000) - sizeAfter(200)).toBeLessThan(200)
  })

  it('knows how many contexts were cut, by how much in all and at most', () => {
    const shape = {...engineModel, parameterCount: parameterCount(engineModel)}
    const tally = new ModeTally({strata: difficulties, splits: splitsOf('nested'), seed: 0}, shape)
    for (let position = 1; position <= 15; position++) tally.add(predictionsAt(position))
    expect(tally.cut).toEqual({count: 13, tokens: 43, most: 6})
  })
})

/** A greedy answer and two sampled ones. */
function predictionsAt(position: number): ItemPredictions {
  const document = `corpus.jsonl:${position % 20}`
  const prediction = {
    answer: Buffer.from('A'),
    correct: position % 3 === 0,
    outcome: 'parsed' as const,
    text: `thought ${position}`,
    cutTokens: position % 7,
    answerTokens: 1,
    lengths: {promptTokens: position, completionTokens: [5]},
  }
  return {
    key: {source: document, index: position},
    facts: {
      task: 'next-token',
      truth: Buffer.from('A'),
      boundaries: Int32Array.of(1),
      stratum: 'hard',
      cluster: document,
    },
    predictions: [prediction, prediction, prediction],
  }
}
