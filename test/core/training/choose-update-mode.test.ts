import {describe, expect, it} from 'vitest'
import type {UpdateModeName} from '../../../src/core/config/names.js'
import {checkMemory} from '../../../src/core/engine/memory/check-memory.js'
import {chooseUpdateMode} from '../../../src/core/training/choose-update-mode.js'
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
