import {describe, expect, it, vi} from 'vitest'
import {checkMemory, type MemoryDemand, reportMemory} from '../../../../src/core/engine/memory/check-memory.js'
import {estimateMemories} from '../../../../src/core/engine/memory/memory.js'
import {countOf, parameterCount, parametersOf} from '../../../../src/core/models/parameters.js'
import {devices} from '../../../../src/core/runtime/devices.js'
import {bytesOf, catchError, large, model, rptWork} from './sample-work.js'

describe('a device of its own memory', () => {
  const work = {...rptWork(4), isAccumulated: true, hasReference: true}
  const kind = devices.cuda
  const {host, device} = estimateMemories(work, kind)
  const there = device!
  const weights = 4 * parameterCount(model)

  it('holds what graphs are fed, hold and hand out; the host holds all else', () => {
    expect(there.parts.map(({name}) => name).toSorted()).toEqual([
      'activations of the reference',
      'activations of the update',
      'inputs',
      'logits of the update',
      'weights',
    ])
    expect(host.parts.map(({name}) => name).toSorted()).toEqual([
      'compiled graphs',
      'freed, not returned',
      'gradients',
      'host buffers',
      'moments of the optimizer',
      'program',
      'tokenizer',
      'weights',
      'weights of the reference',
    ])
  })

  it('has the weights once for each graph of a phase, and nothing of the phases that are over', () => {
    expect(bytesOf(there, 'weights')).toBe(2 * Math.round(kind.memory.arenaFactor! * weights))
    expect(there.graphBytes).toHaveLength(2)
    const sampling = estimateMemories({model, rollout: work.rollout}, kind).device!
    expect(bytesOf(sampling, 'weights')).toBe(Math.round(kind.memory.arenaFactor! * weights))
    expect(sampling.totalBytes).toBeLessThan(there.totalBytes)
  })

  it('in float16 has halves of the weights, and the host copies of these, of the reference too', () => {
    const halved = {...work, precision: 'float16' as const}
    for (const updateMode of ['whole', 'segmented'] as const) {
      const {host: beside, device: own} = estimateMemories({...halved, updateMode}, kind)
      const matrices = parametersOf(model).filter(({shape}) => shape.length > 1)
      // The embedding is looked up in the whole graph; the head alone multiplies by it.
      const fed = matrices.filter(({name}) => updateMode === 'segmented' || !name.includes('embed'))
      expect(bytesOf(beside, 'weights in float16'), updateMode).toBe(2 * 2 * countOf(fed))
      const plain = estimateMemories({...work, updateMode}, kind)
      expect(bytesOf(beside, 'weights'), updateMode).toBe(bytesOf(plain.host, 'weights'))
      expect(bytesOf(own!, 'weights') / bytesOf(plain.device!, 'weights'), updateMode).toBeLessThan(0.95)
      expect(bytesOf(plain.host, 'weights in float16'), updateMode).toBe(0)
    }
    const {host: alone} = estimateMemories({...halved, hasReference: false, hasAverage: true}, kind)
    expect(bytesOf(alone, 'weights in float16')).toBe(
      bytesOf(estimateMemories(halved, kind).host, 'weights in float16'),
    )
    expect(
      bytesOf(estimateMemories({...halved, precision: 'float16-rounded'}, devices.cpu).host, 'weights in float16'),
    ).toBe(0)
  })

  it('is none where graphs lie in the memory of the host', () => {
    expect(estimateMemories(work, devices.cpu).device).toBeNull()
  })

  const demand: MemoryDemand = {
    work: {...rptWork(8), rollout: undefined},
    device: 'cuda',
    sizes: [
      {
        setting: 'grpo.contextsPerMicroBatch',
        value: 8,
        kinds: ['policy'],
        least: 1,
        at: (contexts) => ({...rptWork(contexts), rollout: undefined}),
      },
    ],
  }
  const needed = reportMemory(demand, {check: true, limitGiB: 100, deviceLimitGiB: 100}).device!.neededBytes / 2 ** 30

  it('is said on a line of its own', () => {
    expect(checkMemory('train', demand, {check: true, limitGiB: 100, deviceLimitGiB: 100})).toMatch(
      /^memory: about .* of 100\.00 GiB available; .*\nmemory of the cuda device: about .* of 100\.00 GiB available; the largest part is .+ \(shrink with grpo\.contextsPerMicroBatch\)$/,
    )
  })

  it('refuses what does not fit there, with a value that fits', () => {
    const settings = {check: true, limitGiB: 100, deviceLimitGiB: needed * 0.8}
    const refused = () => checkMemory('train', demand, settings)
    expect(refused).toThrow(
      /^train: needs about \d+ MiB of memory of the cuda device, \d+ MiB are available; the largest part is .+/,
    )
    const {suggestions} = catchError(refused)
    const value = Number(/^lower grpo\.contextsPerMicroBatch from 8 to (\d)$/.exec(suggestions[0])?.[1])
    expect(reportMemory({...demand, work: demand.sizes[0].at(value)}, settings).device!.fits).toBe(true)
    expect(suggestions[1]).toContain('memory.deviceLimitGiB')
  })

  it('has no tensor of more elements than its kernels count', () => {
    const contexts = 64
    const long = {...rptWork(contexts, large), rollout: undefined}
    const policy = {...long.policy!, completionLength: 512, trained: contexts * 4 * 512}
    const tooLong = {...demand, work: {...long, policy}, sizes: []}
    const settings = {check: true, limitGiB: 1e6, deviceLimitGiB: 1e6}
    expect(() => checkMemory('train', tooLong, settings)).toThrow(
      /^train: a tensor has \d{11} elements; the cuda device takes 2147483647$/,
    )
    const inBlocks = {...tooLong, work: {...tooLong.work, updateMode: 'segmented' as const}}
    expect(reportMemory(inBlocks, settings).device!.mostElements).toBeLessThan(2 ** 31)
    expect(() => checkMemory('train', {...tooLong, device: 'cpu'}, settings)).not.toThrow()
  })

  it('is never refused where nobody knows how much there is', () => {
    const available = vi.spyOn(devices.cuda.memory, 'availableBytes').mockReturnValue(null)
    expect(checkMemory('train', demand, {check: true, limitGiB: 100})).toContain('of an unknown amount available')
    available.mockRestore()
  })
})
