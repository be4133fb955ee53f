import {afterAll, describe, expect, it} from 'vitest'
import {type RunLimits, rowCounts} from '../../../../src/core/engine/segments/row-layout.js'
import {SessionCache} from '../../../../src/core/engine/sessions/session-cache.js'
import {ModelState} from '../../../../src/core/engine/state/model-state.js'
import {openSegmented} from '../../../../src/core/engine/update/segmented.js'
import type {UpdateMode} from '../../../../src/core/engine/update/update-mode.js'
import {openWhole} from '../../../../src/core/engine/update/whole.js'
import type {ModelConfig} from '../../../../src/core/models/model-config.js'
import {passedSoFar} from '../../../../src/core/runtime/traffic.js'
import {families, limits, objective, policyBatch, rowBatch, stateOf} from '../../../support/micro-batches.js'

const sessions = new SessionCache({device: 'cpu', threads: 2})
afterAll(() => sessions.release())

/** Largest difference of two gradients in units of the largest entry of a tensor. */
function worst(a: ModelState, b: ModelState): number {
  return Math.max(
    ...a.trained.map(({name}) => {
      const [left, right] = [a, b].map((state) => state.gradientSum(name))
      const largest = left.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      expect(largest, name).toBeGreaterThan(0)
      return left.reduce((most, value, i) => Math.max(most, Math.abs(value - right[i])), 0) / largest
    }),
  )
}

function bothModes(config: ModelConfig, most: RunLimits, mostRows: number) {
  const [whole, segmented] = [stateOf(config), stateOf(config)]
  const cache = new SessionCache({device: 'cpu', threads: 2})
  const open = (state: ModelState) => ({state, sessions: cache, tell: () => {}, mostRows})
  return {
    whole: {state: whole, mode: openWhole(open(whole))},
    segmented: {state: segmented, mode: openSegmented(open(segmented), most)},
    cache,
  }
}

describe('a segmented update', () => {
  for (const [family, config] of Object.entries(families))
    it.each(Object.entries(limits))(`has the gradient of the whole graph: ${family}, %s`, async (_, most) => {
      const batch = policyBatch()
      const {whole, segmented, cache} = bothModes(config, most, rowCounts(batch.shape).all)
      // Twice: sums of several micro-batches.
      const run = async ({mode}: {mode: UpdateMode}) => {
        await mode.policy(batch, 0.7, objective)
        return mode.policy(batch, 0.7, objective)
      }
      const [expected, found] = [await run(whole), await run(segmented)]
      expect(found.policyLogprobs).toEqual(expected.policyLogprobs)
      // The sum over the vocabulary goes in another order for other numbers of rows.
      found.entropy.forEach((entropy, i) => {
        expect(entropy).toBeCloseTo(expected.entropy[i], 5)
      })
      expect(found.loss).toBeCloseTo(expected.loss, 6)
      expect(worst(whole.state, segmented.state)).toBeLessThan(1e-5)
      const frozen = config.adapter ? segmented.state.parameters : []
      expect(frozen.filter(({name}) => segmented.state.hasGradient(name))).toEqual([])
      await cache.release()
    })

  it.each(['shared heads, tied head', 'biases, own head', 'adapters', 'norms after blocks'])(
    'has the same bits whether products are kept or computed again: %s',
    async (family) => {
      const batch = policyBatch()
      const run = async (allBytes: number) => {
        const {segmented, cache} = bothModes(
          families[family],
          {...limits['nothing cut'], rows: 100, allBytes},
          rowCounts(batch.shape).all,
        )
        await segmented.mode.policy(batch, 0.7, objective)
        const outputs = await segmented.mode.policy(batch, 0.7, objective)
        await cache.release()
        const {state} = segmented
        return {outputs, gradients: state.trained.map(({name}) => state.gradientSum(name))}
      }
      const before = passedSoFar().fromDevice
      const kept = await run(2 ** 30)
      const handedOut = passedSoFar().fromDevice - before
      expect(kept).toEqual(await run(0))
      // So it is the products that make the difference.
      expect(handedOut).toBeGreaterThan(passedSoFar().fromDevice - before - handedOut)
    },
  )

  it('works in the arrays of the update before where both are small, and leaves none to a large one', async () => {
    const [small, large] = [
      {...limits['nothing cut'], allBytes: 2 ** 30},
      {...limits['nothing cut'], allBytes: 0},
    ]
    const config = families['shared heads, tied head']
    const state = stateOf(config)
    const batch = policyBatch()
    const update = async (most: RunLimits) => {
      const tools = {state, sessions, tell: () => {}, mostRows: rowCounts(batch.shape).all}
      await openSegmented(tools, most).policy(batch, 0.7, objective)
      return state.rows.get('hidden/1', 1).buffer
    }
    const first = await update(small)
    expect(first.byteLength).toBe(4 * rowCounts(batch.shape).all * config.hidden)
    expect(await update(small)).toBe(first)
    expect((await update(large)).byteLength).toBe(4)
  })

  it('has the log-probabilities of other adapters on the same weights', async () => {
    const config = families.adapters
    const batch = policyBatch()
    const {whole, segmented, cache} = bothModes(config, limits['contexts apart'], rowCounts(batch.shape).all)
    const other = new ModelState(config)
    other.initializeAdapters(2)
    const [expected, found] = [
      await whole.mode.logprobsUnder(other.copyTrained(), batch, 0.7),
      await segmented.mode.logprobsUnder(other.copyTrained(), batch, 0.7),
    ]
    expect(found).toEqual(expected)
    await cache.release()
  })

  it.each(Object.entries(limits))('has the log-probabilities of other weights: %s', async (_, most) => {
    const config = families['shared heads, tied head']
    const batch = policyBatch()
    const {whole, segmented, cache} = bothModes(config, most, rowCounts(batch.shape).all)
    const other = new ModelState(config)
    other.initialize({embeddingStd: 0.3, linearGain: 1, residualScale: 1}, 2)
    const [expected, found] = [
      await whole.mode.logprobsUnder(other.weights, batch, 0.7),
      await segmented.mode.logprobsUnder(other.weights, batch, 0.7),
    ]
    expect(found).toEqual(expected)
    expect(segmented.state.hasGradient('model.norm.weight')).toBe(false)
    await cache.release()
  })

  it.each(Object.entries(limits))('of rows has the gradient of the whole graph: %s', async (_, most) => {
    const batch = rowBatch()
    const {whole, segmented, cache} = bothModes(
      families['biases, own head'],
      most,
      batch.shape.rows * batch.shape.length,
    )
    const [expected, found] = [await whole.mode.languageModel(batch), await segmented.mode.languageModel(batch)]
    expect(found).toBeCloseTo(expected, 5)
    expect(worst(whole.state, segmented.state)).toBeLessThan(1e-5)
    await cache.release()
  })
})
