import {expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import type {Engine} from '../../../src/core/engine/engine.js'
import {loadWeights} from '../../../src/core/training/load-weights.js'
import type {TrainingStart} from '../../../src/core/training/open-training.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {adapterOn} from '../../support/adapted.js'
import {engineModel} from '../../support/tiny-engine.js'

const checkpoint = {folder: '/run/step', state: {}} as TrainingStart['resumed']

/** What the engine is asked for, in order, by a run that begins or goes on. */
async function asked(
  resumed: TrainingStart['resumed'],
  kept: {hasReference?: boolean; hasAverage?: boolean} = {},
  adapter: TrainingStart['source']['adapter'] = null,
) {
  const calls: unknown[][] = []
  const engine = new Proxy({} as Engine, {
    get: (_, method) => async (given?: unknown) => {
      calls.push(given === undefined ? [method] : [method, given])
      return {parameterCount: 1, adapterCount: 0}
    },
  })
  const start = {
    loaded: {config: configSchema.parse({})},
    source: {path: '/base', adapter, weights: {checkpoint: '/base'}},
    resumed,
    opened: {work: () => ({model: engineModel, ...kept})},
  } as unknown as TrainingStart
  await loadWeights(engine, start, silentProgress)
  return calls
}

it('a run that begins loads what it starts from, and keeps of it what its loss and its reward ask', async () => {
  expect(await asked(null)).toEqual([['load', {checkpoint: '/base'}]])
  expect(await asked(null, {hasReference: true, hasAverage: true})).toEqual([
    ['load', {checkpoint: '/base'}],
    ['keepReference'],
    ['keepAverage'],
  ])
})

it('a run that goes on loads its checkpoint with the state of the optimizer and the average, and nothing else', async () => {
  const expected = [
    ['load', {checkpoint: '/run/step'}],
    ['restoreOptimizer', '/run/step'],
  ]
  expect(await asked(checkpoint)).toEqual(expected)
  expect(await asked(checkpoint, {hasAverage: true})).toEqual(expected)
})

it('a run that goes on with its adapters loads them with their base', async () => {
  const [[, source]] = await asked(checkpoint, {}, adapterOn())
  expect(source).toEqual({checkpoint: '/base', adapter: {folder: '/run/step', isMerged: false}})
})

it('a run that goes on loads what it started from only as the reference of the KL term', async () => {
  expect(await asked(checkpoint, {hasReference: true})).toEqual([
    ['load', {checkpoint: '/base'}],
    ['keepReference'],
    ['load', {checkpoint: '/run/step'}],
    ['restoreOptimizer', '/run/step'],
  ])
})
