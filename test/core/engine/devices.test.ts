import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {languageModelGraph} from '../../../src/core/engine/graphs/language-model.js'
import {loopChunks, rolloutLoopGraph} from '../../../src/core/engine/graphs/rollout-loop.js'
import {rolloutShape} from '../../../src/core/engine/graphs/shapes.js'
import {reportMemory} from '../../../src/core/engine/memory/check-memory.js'
import type {GraphWork} from '../../../src/core/engine/memory/engine-work.js'
import {SessionCache} from '../../../src/core/engine/sessions/session-cache.js'
import {livenessOf} from '../../../src/core/onnx/liveness.js'
import type {DeviceKind} from '../../../src/core/runtime/devices/device-kind.js'
import {type Device, devices} from '../../../src/core/runtime/devices.js'
import ort from '../../../src/core/runtime/onnxruntime.js'
import {checkPrecision} from '../../../src/core/runtime/precisions.js'
import {checkDevice} from '../../../src/core/runtime/providers.js'
import {engineModel, promptsOf, sampling, tinyEngine} from '../../support/tiny-engine.js'

const gib = 2 ** 30
const madeUp = 'abacus' as Device

/** A device that computes as the CPU does, and is unlike it in every other way. */
const abacus: DeviceKind = {
  session: {executionProviders: ['cpu']},
  isBuiltIn: false,
  readsInPlace: false,
  precisions: ['float32'],
  memory: {availableBytes: () => 5 * gib, arenaFactor: 2, isApart: false},
}

/** Puts the made-up device into the table. */
function addRow(changed: Partial<DeviceKind> = {}): void {
  Object.assign(devices, {[madeUp]: {...abacus, ...changed}})
}

beforeEach(() => addRow())

afterEach(() => {
  delete (devices as Partial<Record<Device, DeviceKind>>)[madeUp]
  vi.restoreAllMocks()
})

describe('a row is all that a device needs', () => {
  const request = {prompts: promptsOf([3, 9, 17], 2), maxTokens: 8, contextsPerBatch: 2, sampling}

  it.each([
    ['one run for the whole sampling loop, where runs copy what they are fed', false, ['rollout-loop']],
    ['one run per token, where they read it in place', true, ['prefill', 'decoding-step']],
  ])('%s, and the completions of the CPU', async (_, readsInPlace, expected) => {
    addRow({readsInPlace})
    const asked = vi.spyOn(SessionCache.prototype, 'get')
    const engine = await tinyEngine({device: madeUp})
    const completions = await engine.rollout(request)
    expect([...new Set(asked.mock.calls.map(([kind]) => kind))]).toEqual(expected)
    const onCpu = await tinyEngine()
    expect(completions).toEqual(await onCpu.rollout(request))
    await Promise.all([engine.close(), onCpu.close()])
  })

  it('a provider of another build is not loaded, and the error says so', async () => {
    const create = vi.spyOn(ort.InferenceSession, 'create')
    const remedies = ['install the right one']
    addRow({diagnose: async () => ({reason: 'its provider is of another commit', remedies, isUnsafe: true})})
    const error = await checkDevice(madeUp).catch((thrown) => thrown)
    expect(error.message).toBe(`device ${madeUp} is not available here: its provider is of another commit`)
    expect(error.suggestions[0]).toBe(remedies[0])
    expect(create).not.toHaveBeenCalled()
    addRow({diagnose: async () => ({reason: 'a library is missing', remedies, isUnsafe: false})})
    await expect(checkDevice(madeUp)).resolves.toBeUndefined()
  })

  it('products in a precision that it lacks are refused, those that it has are computed', async () => {
    expect(() => checkPrecision(madeUp, 'float32')).not.toThrow()
    await expect(tinyEngine({device: madeUp, precision: 'float16-rounded'})).rejects.toThrow(
      'config: precision is float16-rounded, which device abacus cannot compute; it can compute float32',
    )
    addRow({precisions: ['float16-rounded']})
    const sequences = [Int32Array.of(1, 5, 7, 9, 11, 3)]
    const scores = await Promise.all(
      (['float32', 'float16-rounded'] as const).map(async (precision) => {
        const engine = await tinyEngine({device: precision === 'float32' ? 'cpu' : madeUp, precision})
        const [{targetLogprob}] = await engine.score(sequences, {topK: 4, batchTokens: 64})
        await engine.close()
        return targetLogprob
      }),
    )
    const differences = scores[0].map((logprob, i) => Math.abs(logprob - scores[1][i]))
    expect(Math.max(...differences)).toBeGreaterThan(1e-5)
    expect(Math.max(...differences)).toBeLessThan(1e-2)
  })

  it('it is tried before work begins, unless every onnxruntime has it', async () => {
    await expect(checkDevice(madeUp)).resolves.toBeUndefined()
    addRow({session: {executionProviders: ['nothing']}})
    await expect(checkDevice(madeUp)).rejects.toThrow(/^device abacus is not available here: .+/)
    await expect(tinyEngine({device: madeUp})).rejects.toThrow(/^device abacus is not available here: .+/)
    addRow({session: {executionProviders: ['nothing']}, isBuiltIn: true})
    const engine = await tinyEngine({device: madeUp})
    await expect(engine.rollout(request)).rejects.toThrow(/^compiling a graph for device abacus: .+/)
    await engine.close()
  })

  it('a graph with a tensor of more elements than it counts is refused, and the tensor named', async () => {
    addRow({memory: {...abacus.memory, mostElements: 500}})
    const engine = await tinyEngine({device: madeUp})
    await expect(engine.rollout(request)).rejects.toThrow(
      /^compiling a graph for device abacus: \S+ of shape \[[\d,]+\] has \d+ elements; the device can address at most 500$/,
    )
    await engine.close()
  })

  it.each([
    ['plenty', {}, true],
    ['none at the start', {availableBytes: (heldBytes?: number) => (heldBytes === 0 ? 5 * gib : 0)}, false],
    ['none later', {availableBytes: (heldBytes?: number) => (heldBytes === 0 ? 0 : 5 * gib)}, false],
    ['plenty, and a wasteful allocator', {arenaFactor: 1e6}, false],
    ['plenty, apart from the host', {isApart: true}, true],
    ['plenty, apart from the host, and a wasteful allocator', {isApart: true, arenaFactor: 1e6}, false],
  ])('its own memory decides which compiled graphs stay: %s', async (_, memory, stays) => {
    addRow({memory: {...abacus.memory, ...memory}})
    const cache = new SessionCache({device: madeUp, threads: 1})
    const get = (name: string) =>
      cache.get('layer', {name}, () => languageModelGraph(engineModel, {rows: 1, length: 16, trained: 16}))
    const first = await get('a')
    await get('b')
    await get('c')
    expect((await get('a')) === first).toBe(stays)
    await cache.release()
  })

  const rollout = {contexts: 4, groupSize: 2, promptTokens: 33, maxTokens: 16}
  const report = (device: Device, work: GraphWork) =>
    reportMemory({work: {model: engineModel, ...work}, device, sizes: []}, {check: true})

  it('its own memory and its allocator decide what fits', () => {
    expect(report(madeUp, {rollout}).availableBytes).toBe(5 * gib)
    // Large enough to keep its memory.
    const languageModel = {rows: 256, length: 64, trained: 16_384}
    const {peakBytes} = livenessOf(languageModelGraph(engineModel, languageModel).op.graph)
    expect(report(madeUp, {languageModel}).graphBytes[0] / peakBytes).toBeCloseTo(abacus.memory.arenaFactor!, 3)
  })

  it('the estimate is of the form of sampling that runs', () => {
    const shape = rolloutShape(rollout)
    const {chunks} = loopChunks(engineModel, shape)
    const loop = livenessOf(rolloutLoopGraph(engineModel, shape, sampling).op.graph, chunks)
    const own = report(madeUp, {rollout})
    expect(own.graphBytes).toEqual([loop.peakBytes])
    const caches = {name: 'key-value cache of the rollout'}
    expect(own.parts).not.toContainEqual(expect.objectContaining(caches))
    expect(report('cpu', {rollout}).parts).toContainEqual(expect.objectContaining(caches))
  })
})

describe('the table of devices', () => {
  it('has a row for every setting, and no other', () => {
    delete (devices as Partial<Record<Device, DeviceKind>>)[madeUp]
    expect(Object.keys(devices)).toEqual(configSchema.shape.device.unwrap().options)
    expect(devices.auto).toBe(devices.cpu)
  })

  it('is the one place that knows devices by name', () => {
    const src = fileURLToPath(new URL('../../../src', import.meta.url))
    const knowing = readdirSync(src, {recursive: true, encoding: 'utf8'})
      .filter((name) => name.endsWith('.ts') && /'(cpu|cuda|webgpu)'/.test(readFileSync(join(src, name), 'utf8')))
      .map((name) => name.replaceAll('\\', '/'))
    expect(knowing.toSorted()).toEqual([
      'core/config/schema.ts',
      ...['cpu', 'cuda', 'webgpu'].map((name) => `core/runtime/devices/${name}.ts`),
      // What who writes `gpu` means.
      'core/util/suggest.ts',
    ])
  })
})
