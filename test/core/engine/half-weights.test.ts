import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {everyGraph} from '../../../src/core/engine/graphs/every-graph.js'
import {toPrecision} from '../../../src/core/engine/graphs/to-precision.js'
import {rowCounts} from '../../../src/core/engine/segments/row-layout.js'
import {SessionCache} from '../../../src/core/engine/sessions/session-cache.js'
import {blend} from '../../../src/core/engine/state/average.js'
import {loadOptimizer, saveOptimizer} from '../../../src/core/engine/state/checkpoint.js'
import type {Weights} from '../../../src/core/engine/state/model-state.js'
import {openSegmented} from '../../../src/core/engine/update/segmented.js'
import {openWhole} from '../../../src/core/engine/update/whole.js'
import {StepThreads} from '../../../src/core/optim/step-threads.js'
import type {DeviceKind} from '../../../src/core/runtime/devices/device-kind.js'
import {type Device, devices} from '../../../src/core/runtime/devices.js'
import {families, objective, policyBatch, rowBatch, stateOf} from '../../support/micro-batches.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

/** The processor, but runs are fed copies: products of float16 get halves, where the processor rounds in the graph. */
const copying = 'copying' as Device
const kind: DeviceKind = {...devices.cpu, readsInPlace: false}
const optimizer = {learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 0.2}
const modes = {whole: openWhole, segmented: (tools: Parameters<typeof openSegmented>[0]) => openSegmented(tools)}

beforeEach(() => {
  Object.assign(devices, {[copying]: kind})
})
afterEach(() => {
  delete (devices as Partial<Record<Device, DeviceKind>>)[copying]
})

/** Weights after updates, and log-probabilities that were asked in between, under weights that change in every way there is. */
async function trained(device: Device, family: string, mode: keyof typeof modes) {
  const state = stateOf(families[family])
  // Weights come and go between threads.
  state.stepThreads = new StepThreads(2, 1)
  const sessions = new SessionCache({device, precision: 'float16-rounded', threads: 1})
  const batch = policyBatch()
  const update = modes[mode]({state, sessions, tell: () => {}, mostRows: rowCounts(batch.shape).all})
  const [reference, average] = [state.copyTrained(), state.copyTrained()]
  const folder = temporaryFolder()
  const asked: number[][] = []
  const ask = async (weights: Weights) => asked.push([...(await update.logprobsUnder(weights, batch, 1))])
  try {
    for (let step = 0; step < 3; step++) {
      await update.policy(batch, 1, objective)
      await update.languageModel(rowBatch())
      await state.applyGradients(optimizer)
      blend(average, state.weights, 0.5)
      for (const weights of [state.weights, reference, average]) await ask(weights)
      if (step === 0) await saveOptimizer(state, folder, true)
    }
    await loadOptimizer(state, folder)
    await ask(state.weights)
    return {asked, weights: new Map([...state.weights].map(([name, values]) => [name, [...values]]))}
  } finally {
    await state.stepThreads.close()
    await sessions.release()
  }
}

describe('weights that are fed as float16', () => {
  const cases = Object.keys(families).flatMap((family) =>
    (['whole', 'segmented'] as const).map((mode) => [family, mode]),
  )
  it.each(cases as [string, keyof typeof modes][])(
    'train and answer as those rounded in the graph, bit for bit: %s, %s',
    async (family, mode) => {
      const [inGraph, fed] = [await trained('cpu', family, mode), await trained(copying, family, mode)]
      expect(fed).toEqual(inGraph)
      // Each asked something else, but for the reference.
      const [first, reference, average, second] = fed.asked
      expect(new Set([first, reference, average, second].map(String)).size).toBe(4)
      expect(fed.asked.at(-1)).toEqual(first)
    },
  )

  const inputs = (family: string, graph: string, device: Device) =>
    toPrecision(everyGraph(families[family])[graph](), 'float16', devices[device]).inputs
  const halves = (family: string, graph: string, device: Device = copying) =>
    inputs(family, graph, device).flatMap(({name, dtype}) =>
      dtype === 'float16' ? [name.replace(/^.*\.1\./, '')] : [],
    )

  it('are those that only products read: no norm, no bias, no embedding that is looked up', () => {
    const ofLayer = [
      'self_attn.qkv_proj.weight',
      'self_attn.o_proj.weight',
      'mlp.gateup_proj.weight',
      'mlp.down_proj.weight',
    ]
    for (const graph of ['policy', 'rollout loop'])
      expect(halves('biases, own head', graph).slice(-5)).toEqual([...ofLayer, 'lm_head.weight'])
    expect(halves('shared heads, tied head', 'policy').slice(-4)).toEqual(ofLayer)
    expect(halves('shared heads, tied head', 'policy head')).toEqual(['model.embed_tokens.weight'])
    expect(halves('adapters', 'heads, backward')).toContain('model.layers.0.self_attn.q_proj.lora_A.weight')
    expect(halves('biases, own head', 'attention of contexts, forward')).toEqual([])
  })

  it('are none where runs read weights in place, or nothing multiplies in float16', () => {
    expect(halves('biases, own head', 'policy', 'cpu')).toEqual([])
    const graph = toPrecision(everyGraph(families['biases, own head']).policy(), undefined, kind)
    expect(graph.inputs.filter(({dtype}) => dtype === 'float16')).toEqual([])
  })
})
