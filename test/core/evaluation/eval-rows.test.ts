import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {computeMeter, evalRows, modeTally} from '../../../src/core/evaluation/eval-rows.js'
import type {Predictor} from '../../../src/core/evaluation/predict.js'
import {rolloutFlops} from '../../../src/core/models/flops.js'
import type {ModelConfig} from '../../../src/core/models/model-config.js'
import {parameterCount} from '../../../src/core/models/parameters.js'
import type {ItemPredictions, LeftOut, Prediction} from '../../../src/core/tasks/task.js'
import {sumOf} from '../../../src/core/util/means.js'
import {adapted} from '../../support/adapted.js'
import {engineModel} from '../../support/tiny-engine.js'

const subject = {run: 'a', objective: 'rpt', checkpoint: 'step-000003', step: 3}
const spent = {flops_generation: 11, flops_scoring: 22, tokens: 33, step_seconds: 44}
const shape = {...engineModel, parameterCount: parameterCount(engineModel)}

/** What predicts in strata easy and hard, of which a third, empty one holds nothing. */
function predictor(evaluation: object = {}, leftOut?: LeftOut, model: ModelConfig = engineModel): Predictor {
  const config = configSchema.parse({seed: 5, eval: {modes: ['standard'], bootstraps: 50, ...evaluation}})
  const splits = [
    {name: 'all', strata: ['easy', 'hard']},
    {name: 'hard', strata: ['hard']},
    {name: 'empty', strata: ['empty']},
  ]
  const task = {strata: ['easy', 'hard', 'empty'], splits, gradeSettings: {}, leftOut: leftOut && (() => leftOut)}
  return {config, model, task} as unknown as Predictor
}

/** The answers to an item of a stratum, in a document of its own; samples are right or wrong. */
function answersTo(index: number, stratum: string, greedy: Partial<Prediction>, samples: boolean[] = []) {
  const answer = (changes: Partial<Prediction>): Prediction => ({
    answer: null,
    correct: false,
    outcome: 'parsed',
    text: null,
    answerTokens: null,
    cutTokens: 0,
    lengths: {promptTokens: 10, completionTokens: [6]},
    ...changes,
  })
  const predictions = [answer(greedy), ...samples.map((correct) => answer({correct, cutTokens: 99}))]
  const facts = {cluster: `d:${index}`, stratum} as ItemPredictions['facts']
  return {key: {source: 'd', index}, facts, predictions}
}

const long = {promptTokens: 20, completionTokens: [9]}
const answers = [
  answersTo(1, 'easy', {correct: true, answerTokens: 2, cutTokens: 4}, [true, false]),
  answersTo(2, 'easy', {outcome: 'truncated'}, [false, false]),
  answersTo(3, 'hard', {correct: true, answerTokens: 4, lengths: long}, [true, true]),
  answersTo(4, 'hard', {outcome: null, cutTokens: 1}, [false, true]),
]

function rowsOf(given: Predictor, items: readonly ItemPredictions[] = answers) {
  const tally = modeTally(given)
  for (const item of items) tally.add(item)
  return {tally, rows: evalRows(given, subject, 'standard', tally, spent)}
}

describe('rows of an evaluation', () => {
  it('are one a split that has items, with the subject, the seed and what the mode took', () => {
    const {rows} = rowsOf(predictor())
    expect(rows.map(({split, count, correct, accuracy}) => [split, count, correct, accuracy])).toEqual([
      ['all', 4, 2, 0.5],
      ['hard', 2, 1, 0.5],
    ])
    for (const row of rows)
      expect(row).toMatchObject({
        ...subject,
        ...{mode: 'standard', seed: 5, prompt_settings: '{}'},
        ...{mode_flops_generation: 11, mode_flops_scoring: 22, mode_tokens: 33, mode_seconds: 44},
      })
  })

  it('have means over the greedy answers of their split; of answer tokens, over those that have any', () => {
    const {rows} = rowsOf(predictor())
    const flops = (items: readonly ItemPredictions[]) =>
      rolloutFlops(
        shape,
        items.map(({predictions: [greedy]}) => greedy.lengths),
      ) / items.length
    const [all, hard] = rows
    expect(all).toMatchObject({cut_tokens: 5 / 4, prompt_tokens: 50 / 4, answer_tokens: 3, flops: flops(answers)})
    expect(hard).toMatchObject({cut_tokens: 1 / 2, prompt_tokens: 15, answer_tokens: 4, flops: flops(answers.slice(2))})
    // Without a completion nothing is written.
    expect([all.written_tokens, hard.written_tokens]).toEqual([21 / 4, 9 / 2])
    expect(rowsOf(predictor(), [answers[1]]).rows[0].answer_tokens).toBeNull()
  })

  it('have pass@k for each k that is asked for, else for as many as were sampled, with intervals in their order', () => {
    const [all] = rowsOf(predictor({samples: 2, passAtK: [1, 2]})).rows
    expect(all).toMatchObject({pass_at: {1: 0.5, 2: 0.75}, pass_at_k: 0.75})
    for (const k of [1, 2]) expect(all.pass_at_low![k]).toBeLessThan(all.pass_at_high![k])
    expect(rowsOf(predictor({samples: 2})).rows[0]).toMatchObject({pass_at: {2: 0.75}, pass_at_k: 0.75})
    expect(rowsOf(predictor()).rows[0]).toMatchObject({pass_at: null, pass_at_k: null, pass_at_low: null})
  })

  it('have intervals that are drawn as the seed says', () => {
    const many = Array.from({length: 40}, (_, i) => answersTo(i, 'easy', {correct: i % 3 === 0}))
    const ends = (seed: number) => {
      const given = predictor()
      const [row] = rowsOf({...given, config: {...given.config, seed}}, many).rows
      return [row.ci_low, row.ci_high]
    }
    expect(new Set([1, 2, 3, 4].map((seed) => ends(seed).join())).size).toBeGreaterThan(1)
  })

  it('have no interval of one document', () => {
    const [one] = rowsOf(predictor({samples: 2}), [answers[0]]).rows
    expect(one).toMatchObject({accuracy: 1, ci_low: null, ci_high: null})
    expect(one).toMatchObject({pass_at: {2: 1}, pass_at_low: null, pass_at_high: null})
  })

  it('say what the accuracy is with all items that were left out as wrong', () => {
    const leftOut = {leftOut: {easy: 3, hard: 1, empty: 0}, kept: {easy: 9, hard: 7, empty: 0}}
    const shares = ({rows}: ReturnType<typeof rowsOf>) =>
      rows.map(({inexpressible, accuracy_if_wrong}) => [inexpressible, accuracy_if_wrong])
    expect(shares(rowsOf(predictor({}, leftOut)))).toEqual([
      [4, 0.5 * (1 - 4 / 20)],
      [1, 0.5 * (1 - 1 / 8)],
    ])
    expect(shares(rowsOf(predictor()))).toEqual(Array(2).fill([null, null]))
  })

  it('know how greedy answers ended, and how much of their contexts was cut', () => {
    const {tally} = rowsOf(predictor({samples: 2}))
    expect(tally.outcomes).toMatchObject({parsed: 2, truncated: 1})
    expect(sumOf(Object.values(tally.outcomes))).toBe(3)
    expect([tally.count, tally.correct, tally.cut]).toEqual([4, 2, {count: 2, tokens: 5, most: 4}])
  })
})

it('adapters cost compute, too', async () => {
  const flopsOf = async (model: ModelConfig) => {
    const meter = computeMeter(predictor({}, undefined, model))
    const sampled = meter.sampler({sample: async () => ({completions: [[{ids: [1, 2, 3]}]]}) as never})
    await sampled.sample([{ids: [1, 2]}] as never, {} as never)
    return meter.spent.flops_generation
  }
  const adapter = adapted(engineModel)
  expect(await flopsOf(engineModel)).toBe(rolloutFlops(shape, [{promptTokens: 2, completionTokens: [3]}]))
  expect(await flopsOf(adapter)).toBeGreaterThan(await flopsOf(engineModel))
  expect(rowsOf(predictor({}, undefined, adapter)).rows[0].flops).toBeGreaterThan(rowsOf(predictor()).rows[0].flops!)
})
