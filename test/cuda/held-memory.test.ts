import {afterEach, describe, expect, it} from 'vitest'
import {feedForwardGraph, policyHeadGraph} from '../../src/core/engine/graphs/layer-segments.js'
import {policyGraph} from '../../src/core/engine/graphs/policy.js'
import {rolloutLoopGraph} from '../../src/core/engine/graphs/rollout-loop.js'
import {toPrecision} from '../../src/core/engine/graphs/to-precision.js'
import type {WorkGraph} from '../../src/core/engine/memory/engine-work.js'
import {measureGraph} from '../../src/core/engine/memory/graph-memory.js'
import type {Graph} from '../../src/core/onnx/graph.js'
import {devices} from '../../src/core/runtime/devices.js'
import {Session, type TensorData} from '../../src/core/runtime/session.js'
import {sizeOf} from '../../src/core/util/shape.js'
import {tinyModel} from '../support/tiny-model.js'

const log = process.env.STAND_IN_LOG ?? ''

const model = tinyModel({
  vocab_size: 4000,
  hidden_size: 256,
  intermediate_size: 768,
  num_hidden_layers: 4,
  num_attention_heads: 8,
  num_key_value_heads: 8,
  max_position_embeddings: 1024,
})
const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0}
const sampling = {temperature: 1, greedy: false, endIds: [2]}
const policy = {contexts: 4, groupSize: 4, contextLength: 128, completionLength: 64, trained: 1024}

const works: Readonly<Record<string, WorkGraph>> = {
  policy: {kind: 'policy', of: 'policy', build: (of) => policyGraph(of, policy, 1, objective)},
  rollout: {
    kind: 'rollout-loop',
    of: 'rollout',
    build: (of) => rolloutLoopGraph(of, {contexts: 8, groupSize: 8, contextLength: 128, capacity: 256}, sampling),
  },
  'feed-forward, backward': {
    kind: 'layer',
    of: 'policy',
    isFedRows: true,
    build: (of) => feedForwardGraph(of, {rows: 4096, layer: 0}, 'backward'),
  },
  'policy head': {
    kind: 'policy-head',
    of: 'policy',
    isFedRows: true,
    build: (of) => policyHeadGraph(of, {rows: 1024}, 1, objective),
  },
}

/** Zeros; ones where they count, so that loops run. */
function plainFeeds(graph: Graph): Record<string, TensorData> {
  const plain = (dtype: string, size: number) => {
    if (dtype === 'int64') return new BigInt64Array(size).fill(1n)
    return dtype === 'bool' ? new Uint8Array(size) : new Float32Array(size)
  }
  return Object.fromEntries(graph.inputs.map(({name, dtype, shape}) => [name, plain(dtype, sizeOf(shape))]))
}

/** Whether a graph runs on a device of so many bytes. */
async function runsWithin(graph: Graph, bytes: number): Promise<boolean> {
  process.env.STAND_IN_MEMORY = String(Math.round(bytes))
  const session = await Session.compile(graph, {device: 'cuda', threads: 1}, false)
  try {
    await session.run(plainFeeds(graph))
    return true
  } catch (error) {
    expect((error as Error).message).toContain('Failed to allocate memory')
    return false
  } finally {
    await session.release()
  }
}

describe.skipIf(log === '')('what the estimate says a graph needs on CUDA, with a stand-in for its libraries', () => {
  afterEach(() => {
    delete process.env.STAND_IN_MEMORY
  })

  const cases = Object.keys(works).flatMap((name) => (['float32', 'float16'] as const).map((of) => [name, of] as const))

  it.each(cases)('%s, %s: is enough, and half of it is not', async (name, precision) => {
    const {bytes} = measureGraph({model, precision}, works[name], devices.cuda)
    const graph = toPrecision(works[name].build(model), precision, devices.cuda)
    expect(await runsWithin(graph, bytes)).toBe(true)
    expect(await runsWithin(graph, bytes / 2)).toBe(false)
  })
})
