import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {invariantThreads} from '../../../src/core/engine/sessions/threads.js'
import {
  filesOf,
  manyLengths,
  momentsAfter,
  requestFrom,
  rows,
  sampledBy,
  updated,
} from '../../support/policy-requests.js'
import {optimizer, stateOf, tinyEngine, worstShare} from '../../support/tiny-engine.js'
import {tinyModel} from '../../support/tiny-model.js'

it('a language-model update has the same gradient however it is cut into micro-batches', async () => {
  const after = async (rowsPerMicroBatch: number) => {
    const engine = await tinyEngine()
    const update = (await engine.updateLanguageModel({rows, rowsPerMicroBatch, optimizer, mode: 'whole'}))!
    const {moments} = await stateOf(engine)
    await engine.close()
    return {...update, moments}
  }
  const whole = await after(8)
  for (const size of [1, 2, 3, 5]) {
    const cut = await after(size)
    expect(worstShare(whole.moments, cut.moments), `${size} rows`).toBeLessThan(1e-5)
    expect(cut.loss).toBeCloseTo(whole.loss, 5)
    expect(cut.trainedTokens).toBe(whole.trainedTokens)
  }
})

it('a language-model update without targets is left out, and nothing of the optimizer moves', async () => {
  const engine = await tinyEngine()
  await engine.updateLanguageModel({rows, rowsPerMicroBatch: 8, optimizer, mode: 'whole'})
  const before = filesOf(await stateOf(engine))
  const bare = rows.map(({ids}) => ({ids, trainedFrom: ids.length}))
  expect(await engine.updateLanguageModel({rows: bare, rowsPerMicroBatch: 8, optimizer, mode: 'whole'})).toBe(null)
  expect(filesOf(await stateOf(engine))).toEqual(before)
  await engine.close()
})

it('three updates of either kind give bit-identical weights and moments with 1 and with 2 threads', async () => {
  // The narrowest model that two threads are used for, with an inner product longer than onnxruntime's blocks.
  const model = tinyModel({vocab_size: 200, hidden_size: 160, intermediate_size: 400, max_position_embeddings: 256})
  expect(invariantThreads(model, 2)).toBe(2)
  const bytesAfter = async (threads: number) => {
    const engine = await tinyEngine({model, threads})
    for (let update = 0; update < 3; update++) {
      await updated(engine, await requestFrom({}, manyLengths, await sampledBy(engine)), true)
      await engine.updateLanguageModel({rows, rowsPerMicroBatch: 4, optimizer, mode: 'whole'})
    }
    const {folder} = await stateOf(engine)
    await engine.close()
    return ['model.safetensors', 'optimizer.safetensors'].map((file) => readFileSync(join(folder, file)))
  }
  const [one, two] = [await bytesAfter(1), await bytesAfter(2)]
  expect(one.map((bytes, i) => bytes.equals(two[i]))).toEqual([true, true])
})

describe('an update layer by layer', () => {
  it('agrees with sampling to the last bit and with the whole graph in its gradient', async () => {
    const whole = await momentsAfter(3, {mismatchLimit: 1e-12})
    const segmented = await momentsAfter(3, {mismatchLimit: 1e-12, mode: 'segmented'})
    expect(worstShare(whole.moments, segmented.moments)).toBeLessThan(1e-5)
    expect(segmented.loss).toBeCloseTo(whole.loss, 6)
  })

  it.each(['whole', 'segmented'] as const)('has the same gradient however groups are split, %s', async (mode) => {
    const together = await momentsAfter(8, {mode})
    for (const completionsPerMicroBatch of [1, 2, 3]) {
      const split = await momentsAfter(2, {mode, completionsPerMicroBatch})
      expect(worstShare(together.moments, split.moments), `${completionsPerMicroBatch}`).toBeLessThan(1e-5)
      expect(split.loss).toBeCloseTo(together.loss, 6)
    }
  })

  it('measures the divergence from a reference as the whole graph does', async () => {
    const klOf = async (mode: 'whole' | 'segmented') => {
      const engine = await tinyEngine()
      await engine.keepReference()
      const objective = {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0}
      const request = await requestFrom({mode, objective})
      await updated(engine, request, true)
      const {kl} = await updated(engine, request, false)
      await engine.close()
      return kl!
    }
    const [whole, segmented] = [await klOf('whole'), await klOf('segmented')]
    expect(whole).toBeGreaterThan(0)
    expect(segmented / whole).toBeCloseTo(1, 3)
  })
})
