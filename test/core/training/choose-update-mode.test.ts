import {describe, expect, it} from 'vitest'
import type {UpdateModeName} from '../../../src/core/config/names.js'
import {checkMemory, type MemoryDemand, reportMemory} from '../../../src/core/engine/memory/check-memory.js'
import {describeUpdate} from '../../../src/core/engine/traffic/describe-update.js'
import {bytesOf, stepTraffic} from '../../../src/core/engine/traffic/step-traffic.js'
import {devices} from '../../../src/core/runtime/devices.js'
import {type BegunUpdate, chooseUpdateMode} from '../../../src/core/training/choose-update-mode.js'
import {tinyModel} from '../../support/tiny-model.js'

const model = tinyModel({vocab_size: 1000, hidden_size: 256, intermediate_size: 1024, num_hidden_layers: 8})
const policy = {contexts: 8, groupSize: 8, contextLength: 512, completionLength: 128, trained: 8192}
const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0}
const demandIn = (updateMode: UpdateModeName) => ({
  work: {model, objective, policy, updateMode},
  device: 'cpu' as const,
  sizes: [],
})
const choose = (mode: 'auto' | UpdateModeName, limitGiB: number, begun?: {updateMode?: UpdateModeName}) =>
  chooseUpdateMode({update: {mode}, memory: {check: true, limitGiB}}, demandIn, begun)

describe('update.mode', () => {
  it('auto is whole where that fits, else segmented', () => {
    expect(choose('auto', 1000).updateMode).toBe('whole')
    expect(choose('auto', 2).updateMode).toBe('segmented')
    expect(choose('auto', 2).demand.work.updateMode).toBe('segmented')
  })

  it('auto goes on as the run was begun, whatever the memory', () => {
    expect(choose('auto', 1000, {updateMode: 'segmented'}).updateMode).toBe('segmented')
    expect(choose('auto', 2, {updateMode: 'whole'}).updateMode).toBe('whole')
    expect(choose('auto', 2, {}).updateMode, 'begun before there was a choice').toBe('whole')
  })

  it('is what is asked for, and the refusal names the smaller one', () => {
    expect(choose('segmented', 1000).updateMode).toBe('segmented')
    const {demand} = choose('whole', 2)
    const refused = () => checkMemory('train', demand, {check: true, limitGiB: 2})
    expect(refused).toThrow(
      expect.objectContaining({suggestions: expect.arrayContaining([expect.stringContaining('update.mode')])}),
    )
  })
})

describe('update.mode auto on a device that copies what runs are fed', () => {
  const one = {contexts: 1, groupSize: 4, contextLength: 64, completionLength: 32, trained: 128}
  /** A step of 8 micro-batches. */
  const copied = (updateMode: UpdateModeName, atOnce: number): MemoryDemand => ({
    work: {
      model,
      objective,
      policy: {...one, contexts: atOnce, trained: atOnce * one.trained},
      updateMode,
      microBatchesAtOnce: atOnce,
      isAccumulated: atOnce < 8,
      times: {policy: Math.ceil(8 / atOnce)},
    },
    device: 'cuda',
    sizes: [],
  })
  const chooseOn = (deviceLimitGiB: number, update = {}, begun?: BegunUpdate) =>
    chooseUpdateMode(
      {update: {mode: 'auto', ...update}, memory: {check: true, limitGiB: 1000, deviceLimitGiB}},
      copied,
      begun,
    )
  const moved = (mode: UpdateModeName, atOnce: number) =>
    bytesOf(stepTraffic(copied(mode, atOnce).work, devices.cuda).update)
  const neededFor = (mode: UpdateModeName, atOnce: number) =>
    reportMemory(copied(mode, atOnce), {check: true, limitGiB: 1000, deviceLimitGiB: 1000}).device!.neededBytes /
    2 ** 30

  it('is what moves the fewest bytes where all fits: the weights once', () => {
    expect(chooseOn(1000)).toMatchObject({updateMode: 'whole', microBatchesAtOnce: 8})
    for (const [mode, atOnce] of [
      ['whole', 1],
      ['whole', 4],
      ['segmented', 1],
      ['segmented', 8],
    ] as const)
      expect(moved('whole', 8)).toBeLessThan(moved(mode, atOnce))
  })

  it('is several micro-batches layer by layer where the whole graph of one does not fit', () => {
    const room = (neededFor('whole', 1) + neededFor('segmented', 1)) / 2
    const {updateMode, microBatchesAtOnce, demand} = chooseOn(room)
    expect(updateMode).toBe('segmented')
    expect(reportMemory(demand, {check: true, limitGiB: 1000, deviceLimitGiB: room}).device!.fits).toBe(true)
    for (let fewer = 1; fewer < microBatchesAtOnce; fewer *= 2)
      expect(moved('segmented', microBatchesAtOnce)).toBeLessThan(moved('segmented', fewer))
  })

  it('goes on as the run was begun, and with the number that is asked for', () => {
    const begun = {updateMode: 'segmented' as const, microBatchesAtOnce: 4}
    expect(chooseOn(1000, {}, begun)).toMatchObject(begun)
    expect(chooseOn(1000, {microBatchesAtOnce: 2}, begun)).toMatchObject({...begun, microBatchesAtOnce: 2})
    expect(chooseOn(1000, {microBatchesAtOnce: 2})).toMatchObject({updateMode: 'whole', microBatchesAtOnce: 2})
    expect(chooseOn(1000, {mode: 'segmented'})).toMatchObject({updateMode: 'segmented', microBatchesAtOnce: 1})
  })

  it('is said with the count of its bytes', () => {
    const {demand} = chooseOn(1000)
    expect(describeUpdate(demand, 'auto')).toMatch(
      /^update: whole, 8 micro-batches at once \(update\.mode auto\); to the device and back each step at most \d+ MiB for the update$/,
    )
    expect(describeUpdate(demandIn('whole'), 'auto')).toBe('update: whole (update.mode auto)')
  })
})
