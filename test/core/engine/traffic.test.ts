import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {rowCounts} from '../../../src/core/engine/segments/row-layout.js'
import {SessionCache} from '../../../src/core/engine/sessions/session-cache.js'
import {describeUpdate} from '../../../src/core/engine/traffic/describe-update.js'
import {bytesOf, rolloutTraffic, stepTraffic} from '../../../src/core/engine/traffic/step-traffic.js'
import {type CountedUpdate, countedModes} from '../../../src/core/engine/traffic/update-traffic.js'
import {openSegmented} from '../../../src/core/engine/update/segmented.js'
import {openWhole} from '../../../src/core/engine/update/whole.js'
import type {DeviceKind} from '../../../src/core/runtime/devices/device-kind.js'
import {type Device, devices} from '../../../src/core/runtime/devices.js'
import {type GraphTraffic, passedSoFar} from '../../../src/core/runtime/traffic.js'
import {families, limits, objective, policyBatch, rowBatch, stateOf} from '../../support/micro-batches.js'
import {engineModel, optimizer, promptsOf, sampling, tinyEngine} from '../../support/tiny-engine.js'
import {tinyModel} from '../../support/tiny-model.js'

const copying = 'copying' as Device
const kind: DeviceKind = {...devices.cpu, readsInPlace: false}

beforeEach(() => {
  Object.assign(devices, {[copying]: kind})
})
afterEach(() => {
  delete (devices as Partial<Record<Device, DeviceKind>>)[copying]
})

/** What the runs of some work were fed and handed out. */
async function passedBy(work: () => Promise<unknown>) {
  const before = passedSoFar()
  await work()
  const after = passedSoFar()
  return {toDevice: after.toDevice - before.toDevice, fromDevice: after.fromDevice - before.fromDevice}
}

describe('bytes that pass are counted from shapes as the engine passes them', () => {
  for (const [family, model] of Object.entries(families))
    it.each(Object.entries(limits))(`an update of ${family}, %s`, async (_, most) => {
      const [batch, rows] = [policyBatch(), rowBatch()]
      const mostRows = rowCounts(batch.shape).all
      const state = stateOf(model)
      const sessions = new SessionCache({device: 'cpu', threads: 1})
      const tools = {state, sessions, tell: () => {}, mostRows}
      const update: CountedUpdate = {model, limits: most, mostRows}
      for (const [mode, opened] of [
        ['whole', openWhole(tools)],
        ['segmented', openSegmented(tools, most)],
      ] as const) {
        const counted = countedModes[mode]
        expect(await passedBy(() => opened.policy(batch, 1, objective)), `policy, ${mode}`).toEqual(
          counted.policy(update, batch.shape, objective),
        )
        expect(await passedBy(() => opened.logprobsUnder(state.copyTrained(), batch, 1)), `asked, ${mode}`).toEqual(
          counted.logprobs(update, batch.shape),
        )
        expect(await passedBy(() => opened.languageModel(rows)), `rows, ${mode}`).toEqual(
          counted.languageModel(update, rows.shape),
        )
      }
      await sessions.release()
    })

  it.each(Object.entries(families))('an update in float16, whose weights pass as halves: %s', async (_, model) => {
    const [batch, rows] = [policyBatch(), rowBatch()]
    const mostRows = rowCounts(batch.shape).all
    const state = stateOf(model)
    const precision = 'float16-rounded'
    const sessions = new SessionCache({device: copying, threads: 1, precision})
    const tools = {state, sessions, tell: () => {}, mostRows}
    const most = limits['contexts apart']
    for (const [mode, opened] of [
      ['whole', openWhole(tools)],
      ['segmented', openSegmented(tools, most)],
    ] as const) {
      const counted = countedModes[mode]
      const update: CountedUpdate = {model, precision, limits: most, mostRows}
      const passed = await passedBy(() => opened.policy(batch, 1, objective))
      expect(passed, mode).toEqual(counted.policy(update, batch.shape, objective))
      const plain = counted.policy({...update, precision: 'float32'}, batch.shape, objective)
      expect(passed.toDevice, mode).toBeLessThan(plain.toDevice)
      expect(passed.fromDevice, mode).toBe(plain.fromDevice)
      expect(await passedBy(() => opened.languageModel(rows)), mode).toEqual(counted.languageModel(update, rows.shape))
    }
    await sessions.release()
  })

  it('a batch of the sampling loop', async () => {
    const engine = await tinyEngine({device: copying})
    const request = {prompts: promptsOf([9, 9], 4), maxTokens: 8, contextsPerBatch: 2, sampling}
    expect(await passedBy(() => engine.rollout(request))).toEqual(
      rolloutTraffic({model: engineModel}, {contexts: 2, groupSize: 4, promptTokens: 9, maxTokens: 8}),
    )
    await engine.close()
  })

  it.each(['whole', 'segmented'] as const)('a model of many layers, %s', (mode) => {
    const deep = tinyModel({num_hidden_layers: 9})
    const update: CountedUpdate = {model: deep, limits: limits['contexts apart'], mostRows: 1000}
    const count = (layers: number) =>
      countedModes[mode].policy({...update, model: {...deep, layers}}, policyBatch().shape, objective)
    const [eight, nine] = [count(8), count(9)]
    expect(nine.toDevice).toBeGreaterThan(eight.toDevice)
    expect(count(4).toDevice + 5 * (nine.toDevice - eight.toDevice)).toBe(nine.toDevice)
  })
})

describe('the count of a step', () => {
  const {shape} = policyBatch()
  const work = {model: engineModel, objective, policy: shape, updateMode: 'segmented' as const}

  it('is 0 where runs read in place', () => {
    expect(stepTraffic(work, devices.cpu).update).toEqual({toDevice: 0, fromDevice: 0})
  })

  it('multiplies each kind of work by how often a step asks for it, in both directions', () => {
    const times = (count: number, {toDevice, fromDevice}: GraphTraffic) => ({
      toDevice: count * toDevice,
      fromDevice: count * fromDevice,
    })
    const languageModel = {rows: 2, length: 24, trained: 40}
    const sizes = {contexts: 2, groupSize: 2, promptTokens: 9, maxTokens: 8}
    const [sampled, rows] = [rolloutTraffic({model: engineModel}, sizes), {model: engineModel, languageModel}]
    expect(stepTraffic({...rows, rollout: sizes}, kind).rollout).toEqual(sampled)
    expect(stepTraffic({...rows, rollout: sizes, times: {rollout: 3}}, kind).rollout).toEqual(times(3, sampled))
    expect(stepTraffic({...rows, rollout: sizes}, devices.cpu).rollout).toEqual({toDevice: 0, fromDevice: 0})
    const once = stepTraffic(rows, kind).update
    expect(once.fromDevice).toBeGreaterThan(0)
    expect(stepTraffic({...rows, times: {languageModel: 4}}, kind).update).toEqual(times(4, once))
    const asked = (count: number) => bytesOf(stepTraffic({...work, times: {asked: count}}, kind).update)
    expect(asked(3) - asked(0)).toBe(3 * (asked(1) - asked(0)))
    expect(asked(0)).toBe(bytesOf(stepTraffic(work, kind).update))
  })

  it('is that of layers kept as the largest micro-batch of all lets them', () => {
    const moved = (of: object) =>
      stepTraffic({model: engineModel, objective, updateMode: 'segmented', ...of}, kind).update.toDevice
    const languageModel = {rows: 30_000, length: 24, trained: 24}
    expect(moved({policy: shape, languageModel})).toBeGreaterThan(moved({policy: shape}) + moved({languageModel}))
    const wide = {...shape, contexts: 30_000}
    const small = {...languageModel, rows: 1}
    expect(moved({policy: wide, languageModel: small})).toBeGreaterThan(
      moved({policy: wide}) + moved({languageModel: small}),
    )
  })

  it('is less in float16, for sampling and update', () => {
    const sizes = {contexts: 2, groupSize: 2, promptTokens: 9, maxTokens: 8}
    const [plain, halved] = (['float32', 'float16-rounded'] as const).map((precision) =>
      stepTraffic({...work, rollout: sizes, precision}, kind),
    )
    expect(halved.rollout.toDevice).toBeLessThan(plain.rollout.toDevice)
    expect(halved.update.toDevice).toBeLessThan(plain.update.toDevice)
  })

  it('is of the objective that is computed', () => {
    const moved = (klCoef: number) => bytesOf(stepTraffic({...work, objective: {...objective, klCoef}}, kind).update)
    expect(moved(0.1)).toBeGreaterThan(moved(0))
  })

  it('is in one line with how updates are computed, sampling apart where there is any', () => {
    const mebibyte = 2 ** 20
    const line = (changes: object) =>
      describeUpdate({work: {...work, ...changes}, device: copying, sizes: []}, 'auto').replace(/ (MiB|GiB)/g, '')
    const rollout = {contexts: 64, groupSize: 8, promptTokens: 200, maxTokens: 50}
    expect(line({times: {policy: 40}})).toMatch(
      /^update: segmented \(update\.mode auto\); to the device and back each step at most [\d.]+ for the update$/,
    )
    expect(line({rollout, microBatchesAtOnce: 2})).toMatch(
      /^update: segmented, 2 micro-batches at once .* at most [\d.]+ for sampling, [\d.]+ for the update$/,
    )
    const [, sampling, update] = / ([\d.]+) for sampling, ([\d.]+) for/.exec(line({rollout, times: {rollout: 9}}))!
    const counted = stepTraffic({...work, rollout, times: {rollout: 9}}, kind)
    expect([sampling, update].map(Number)).toEqual(
      [counted.rollout, counted.update].map(({toDevice, fromDevice}) => Math.ceil((toDevice + fromDevice) / mebibyte)),
    )
  })

  it('multiplies what a step asks several times, and adds what is asked besides', () => {
    const once = stepTraffic(work, kind).update
    expect(stepTraffic({...work, times: {policy: 3}}, kind).update.toDevice).toBe(3 * once.toDevice)
    const asked = stepTraffic({...work, times: {policy: 1, asked: 1}}, kind).update
    expect(asked.toDevice).toBeGreaterThan(once.toDevice)
    expect(asked.toDevice).toBeLessThan(2 * once.toDevice)
  })

  it('is less where several micro-batches go through the layers at once', () => {
    const joined = {...work, policy: {...shape, contexts: 4 * shape.contexts, trained: 4 * shape.trained}}
    expect(stepTraffic(joined, kind).update.toDevice).toBeLessThan(
      stepTraffic({...work, times: {policy: 4}}, kind).update.toDevice,
    )
  })

  it('holds for a whole update of the engine on a device that copies', async () => {
    const engine = await tinyEngine({device: copying})
    const groups = promptsOf([17, 17, 17, 17], 2).map(({ids}, i) => ({
      promptIds: ids,
      completions: [0, 1].map((g) => ({
        ids: Int32Array.from({length: 16}, (_, t) => 3 + ((t + i + g) % 90)),
        oldLogprobs: new Float32Array(16).fill(-4.5),
        stopReason: 'length' as const,
      })),
      advantages: [1, -1],
    }))
    const request = {groups, temperature: 1, objective, lossNormalizer: 'token' as const, mismatchLimit: 1, optimizer}
    const policy = {contexts: 2, groupSize: 2, contextLength: 16, completionLength: 16, trained: 64}
    for (const mode of ['whole', 'segmented'] as const)
      expect(
        await passedBy(() => engine.updatePolicy({...request, contextsPerMicroBatch: 2, mode}, false)),
        mode,
      ).toEqual(stepTraffic({model: engineModel, objective, policy, updateMode: mode, times: {policy: 2}}, kind).update)
    await engine.close()
  })
})
