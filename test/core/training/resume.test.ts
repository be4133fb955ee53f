import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import type {TrainingContext} from '../../../src/core/objectives/objective.js'
import type {RunDirectory} from '../../../src/core/runs/run-directory.js'
import type {TrainerState} from '../../../src/core/runs/trainer-state.js'
import {refuseFewerSteps, refuseNoSteps, resumeFrom, warnOfRows} from '../../../src/core/training/resume.js'
import type {StartingModel} from '../../../src/core/training/starting-model.js'
import {RuntimeFailure, UsageError} from '../../../src/core/util/errors.js'
import {fingerprintOfModel} from '../../../src/core/weights/index.js'
import {adapterOn, randomBase} from '../../support/adapted.js'
import {toyServices} from '../../support/toy-run.js'

const plain: StartingModel = {
  path: '/base',
  place: {folder: '/base', base: null},
  adapter: null,
  weights: {checkpoint: '/base'},
  objective: 'base',
  origins: {},
  isWhole: true,
}

const before = {
  step: 7,
  objective: 'rpt',
  visits: 30,
  numTokens: 500,
  wallSeconds: 9,
  configHash: 'x',
  seed: 3,
  updateMode: 'whole' as const,
  microBatchesAtOnce: 1,
}

/** The tables that are dropped, and the state to go on from. */
async function goOn(source: StartingModel, state: TrainerState | null) {
  const dropped: number[] = []
  const run = {dropTablesAfter: async (step: number) => void dropped.push(step)} as unknown as RunDirectory
  const context = {config: configSchema.parse({seed: 3}), updateMode: 'segmented', microBatchesAtOnce: 2}
  const checkpoint = state && {folder: '/run/step', state, newest: state.step}
  return {found: await resumeFrom(run, context as TrainingContext, source, checkpoint), dropped}
}

describe('a run goes on', () => {
  it('from the state of its checkpoint, without the tables after it, updating as now', async () => {
    const {dropped, found} = await goOn(plain, before)
    expect(dropped).toEqual([7])
    expect(found).toEqual({...before, updateMode: 'segmented', microBatchesAtOnce: 2})
  })

  it('from the beginning without any table of an attempt that left no checkpoint', async () => {
    const {dropped, found} = await goOn(plain, null)
    expect(dropped).toEqual([0])
    expect(found).toMatchObject({step: 0, visits: 0, numTokens: 0, seed: 3, updateMode: 'segmented'})
    expect(found).not.toHaveProperty('base')
  })

  it('knowing the base of its adapters', async () => {
    const base = await randomBase()
    const {found} = await goOn({...plain, path: base, adapter: adapterOn()}, null)
    expect(found.base).toBe(fingerprintOfModel(base))
  })
})

it('the rows that are gone are told apart: lost before the checkpoint, repeated after it', () => {
  const said = (found: number, kept: number, steps: number) => {
    const lines: string[] = []
    warnOfRows(found, kept, steps, toyServices({}, lines).progress)
    return lines.map((line) => line.replace('train: ', ''))
  }
  const lost = 'metrics.arrow has 3 of the 5 earlier steps; the others are lost'
  const repeated = 'continues after step 5; repeats the steps that no checkpoint holds: 2'
  expect(said(5, 5, 5)).toEqual([])
  expect(said(3, 3, 5)).toEqual([lost])
  expect(said(7, 5, 5)).toEqual([repeated])
  expect(said(5, 3, 5)).toEqual([lost, repeated])
})

it('a run may end at the step of its checkpoint, and not before', () => {
  const end = (steps: number) =>
    refuseFewerSteps(configSchema.parse({out: '/run', train: {steps}}), {folder: '/run/step', state: before, newest: 7})
  end(7)
  expect(() => end(6)).toThrow(UsageError)
})

it('no step is an error but where that is meant, or steps were taken before', () => {
  const begin = (steps: number, allowNoop: boolean, step: number | null) => {
    const resumed = step === null ? null : {folder: '/run/step', state: {...before, step}, newest: step}
    refuseNoSteps(configSchema.parse({train: {steps, allowNoop}}), resumed)
  }
  begin(7, false, null)
  begin(0, true, null)
  begin(0, false, 0)
  expect(() => begin(0, false, null)).toThrow(RuntimeFailure)
})
