import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {feedForwardGraph, headsGraph} from '../../../src/core/engine/graphs/layer-segments.js'
import {policyGraph} from '../../../src/core/engine/graphs/policy.js'
import {parseModelConfig} from '../../../src/core/models/model-config.js'
import {arenaOf} from '../../../src/core/onnx/arena.js'
import {encodeModel} from '../../../src/core/onnx/encode.js'
import type {Graph} from '../../../src/core/onnx/graph.js'
import {livenessOf} from '../../../src/core/onnx/liveness.js'
import type {Ops} from '../../../src/core/onnx/ops.js'

const model = parseModelConfig(
  {
    model_type: 'llama',
    vocab_size: 512,
    hidden_size: 128,
    intermediate_size: 344,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    tie_word_embeddings: true,
  },
  'config.json',
)
const shape = {contexts: 2, contextLength: 64, groupSize: 4, completionLength: 32, trained: 256}
const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 1e-4}
const layer = {rows: 3000, positions: 64, layer: 0}
const graphs: Readonly<Record<string, () => {readonly op: Ops}>> = {
  'a whole update': () => policyGraph(model, shape, 1, objective),
  'a whole update of one context': () => policyGraph(model, {...shape, contexts: 1, trained: 128}, 1, objective),
  'projections, backward': () => headsGraph(model, layer, 'backward'),
  'feed-forward, forward': () => feedForwardGraph(model, {...layer, keepsProducts: true}, 'forward'),
  'feed-forward, backward': () => feedForwardGraph(model, {...layer, keepsProducts: false}, 'backward'),
}

/** Runs a model twice and prints to stderr what onnxruntime's arena says that it does. */
const program = `
import ort from ${JSON.stringify(import.meta.resolve('onnxruntime-node'))}
ort.env.logLevel = 'info'
const [model, inputs] = process.argv.slice(1)
const session = await ort.InferenceSession.create(model, {
  enableMemPattern: false, graphOptimizationLevel: 'all', intraOpNumThreads: 1, logSeverityLevel: 1,
})
const arrays = {int64: BigInt64Array, float32: Float32Array, bool: Uint8Array}
const feeds = {}
for (const {name, dtype, shape} of JSON.parse(inputs))
  feeds[name] = new ort.Tensor(dtype, new arrays[dtype](shape.reduce((a, b) => a * b, 1)), shape)
await session.run(feeds)
await session.run(feeds)
`

/** Addresses that onnxruntime's arena takes for a graph, as it logs them. */
function loggedRegions(graph: Graph): number {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-arena-'))
  try {
    writeFileSync(join(folder, 'model.onnx'), encodeModel(graph))
    const inputs = graph.inputs.map(({name, dtype, shape}) => ({name, dtype, shape}))
    const args = ['--input-type=module', '-e', program, join(folder, 'model.onnx'), JSON.stringify(inputs)]
    const {stderr, status} = spawnSync(process.execPath, args, {encoding: 'utf8', maxBuffer: 2 ** 28})
    expect(status, stderr.slice(-2000)).toBe(0)
    const extensions = [...stderr.matchAll(/Extended allocation by (\d+) bytes/g)]
    return extensions.reduce((sum, [, bytes]) => sum + Number(bytes), 0)
  } finally {
    rmSync(folder, {recursive: true})
  }
}

describe('arenaOf', () => {
  it.each(Object.keys(graphs))('takes the regions that onnxruntime takes: %s', (name) => {
    const {graph} = graphs[name]().op
    const {regionBytes, usedBytes} = arenaOf(graph)
    expect(regionBytes).toBe(loggedRegions(graph))
    expect(usedBytes).toBeLessThanOrEqual(regionBytes)
    expect(usedBytes).toBeGreaterThanOrEqual(livenessOf(graph).peakBytes)
  })
})
