import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {completionAttentionGraph, contextAttentionGraph} from '../../src/core/engine/graphs/attention-segments.js'
import type {DecoderGraph} from '../../src/core/engine/graphs/decoder-graph.js'
import {decodingStepGraph} from '../../src/core/engine/graphs/decoding-step.js'
import {languageModelGraph} from '../../src/core/engine/graphs/language-model.js'
import {
  feedForwardGraph,
  headsGraph,
  languageModelHeadGraph,
  policyHeadGraph,
} from '../../src/core/engine/graphs/layer-segments.js'
import {logprobsGraph} from '../../src/core/engine/graphs/logprobs.js'
import {policyGraph} from '../../src/core/engine/graphs/policy.js'
import {prefillGraph} from '../../src/core/engine/graphs/prefill.js'
import {rolloutLoopGraph} from '../../src/core/engine/graphs/rollout-loop.js'
import {scoreGraph} from '../../src/core/engine/graphs/score.js'
import {encodeModel} from '../../src/core/onnx/encode.js'
import type {Graph} from '../../src/core/onnx/graph.js'
import {tensorBytes} from '../../src/core/onnx/live-tensor.js'
import {devices} from '../../src/core/runtime/devices.js'
import ort from '../../src/core/runtime/onnxruntime.js'
import {precisions} from '../../src/core/runtime/precisions.js'
import {sizeOf} from '../../src/core/util/shape.js'
import {tinyModel} from '../support/tiny-model.js'

/** Set by scripts/check-cuda.js: the file that the stand-in for CUDA's libraries notes copies in. */
const log = process.env.STAND_IN_LOG ?? ''

const model = tinyModel({vocab_size: 61, max_position_embeddings: 1024})
const untied = tinyModel({model_type: 'qwen2', tie_word_embeddings: false})
const adapter = {rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] as const, base: {name: 'base', revision: null}}
const adapted = {...model, adapter}
const sampling = {temperature: 1, greedy: false, endIds: [2]}
const objective = {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0.01}
const policy = {contexts: 2, groupSize: 4, contextLength: 16, completionLength: 8, trained: 20}
const block = {contexts: 2, groupSize: 4, contextLength: 16, queries: 8, keys: 8}

/** Every graph that the engine compiles. */
const graphs: Record<string, () => DecoderGraph> = {
  score: () => scoreGraph(model, {rows: 2, length: 16, topK: 8}),
  logprobs: () => logprobsGraph(model, {rows: 2, length: 16, asked: 8}, 1),
  prefill: () => prefillGraph(model, {contexts: 2, contextLength: 16}),
  'decoding step': () =>
    decodingStepGraph(
      model,
      {contexts: 2, groupSize: 4, contextLength: 16, capacity: 8, isEven: true, positions: 32},
      sampling,
    ),
  'rollout loop': () => rolloutLoopGraph(model, {contexts: 2, groupSize: 4, contextLength: 16, capacity: 8}, sampling),
  'rollout loop in chunks': () =>
    rolloutLoopGraph(model, {contexts: 2, groupSize: 4, contextLength: 16, capacity: 600}, sampling),
  policy: () => policyGraph(model, policy, 1, objective),
  'policy of an untied head': () => policyGraph(untied, policy, 1, objective),
  'policy with adapters': () => policyGraph(adapted, policy, 1, objective),
  reference: () => policyGraph(model, policy, 1),
  'language model': () => languageModelGraph(model, {rows: 2, length: 16, trained: 20}),
  ...Object.fromEntries(
    (['forward', 'backward'] as const).flatMap((direction) => [
      [`heads, ${direction}`, () => headsGraph(model, {rows: 24, positions: 32, layer: 0}, direction)],
      [`feed-forward, ${direction}`, () => feedForwardGraph(model, {rows: 24, layer: 0}, direction)],
      [
        `attention of contexts, ${direction}`,
        () => contextAttentionGraph(model, {sequences: 2, queries: 8, keys: 16}, direction),
      ],
      [`attention of completions, ${direction}`, () => completionAttentionGraph(model, block, direction)],
    ]),
  ),
  'policy head': () => policyHeadGraph(model, {rows: 20}, 1, objective),
  'language-model head': () => languageModelHeadGraph(model, {rows: 20}),
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-placement-'))
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

/** Compiles and runs a graph once; what each node ran on, and what was copied. */
async function run(graph: Graph) {
  const profile = join(folder, 'profile')
  const session = await ort.InferenceSession.create(encodeModel(graph), {
    ...devices.cuda.session,
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    enableProfiling: true,
    profileFilePrefix: profile,
    logSeverityLevel: 3,
  })
  const feeds = graph.inputs.map(({name, dtype, shape}) => [name, new ort.Tensor(dtype, plain(dtype, shape), shape)])
  const before = copies().length
  await session.run(Object.fromEntries(feeds))
  const copied = copies().slice(before)
  session.endProfiling()
  const [file] = readdirSync(folder)
  const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    cat: string
    name: string
    args: {provider?: string; op_name?: string; input_type_shape?: readonly Record<string, readonly number[]>[]}
  }[]
  const nodes = events.filter(({cat, name}) => cat === 'Node' && name.endsWith('_kernel_time'))
  await session.release()
  return {nodes: nodes.map(({args}) => args), copied}
}

/** The element type in which products are computed; those with the constant of rotary positions are float32 in each. */
const productTypes = {float32: 'float', float16: 'float16', 'float16-rounded': 'float'}

function typeOfProduct({
  input_type_shape: inputs = [],
}: {
  input_type_shape?: readonly Record<string, readonly number[]>[]
}) {
  const [[type, shape]] = Object.entries(inputs.at(-1) ?? {})
  const isRotation = shape.length === 2 && shape.every((size) => size === model.headSize)
  return isRotation && type === 'float' ? [] : [type]
}

/** Zeros; ones where they count, so that loops run. */
function plain(dtype: string, shape: readonly number[]) {
  const size = sizeOf(shape)
  if (dtype === 'int64') return new BigInt64Array(size).fill(1n) as never
  return (dtype === 'bool' ? new Uint8Array(size) : new Float32Array(size)) as never
}

function copies(): {into: boolean; bytes: number}[] {
  if (!existsSync(log)) return []
  return readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('held '))
    .map((line) => ({into: line.startsWith('in '), bytes: Number(line.split(' ')[1])}))
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Bytes of shapes and addresses that a kernel may ask for on its way. */
const perNode = 256

describe.skipIf(log === '')('every graph on CUDA, with a stand-in for its libraries (npm run check:cuda)', () => {
  const all = devices.cuda.precisions.flatMap((precision) =>
    Object.keys(graphs).map((name) => [precision, name] as const),
  )

  it.each(all)('%s, %s: no node on the CPU, no copy in between', async (precision, name) => {
    const {graph} = graphs[name]().op
    precisions[precision].convert(graph)
    const {nodes, copied} = await run(graph)
    expect(nodes.length).toBeGreaterThan(0)
    expect([...new Set(nodes.map(({provider}) => provider))]).toEqual(['CUDAExecutionProvider'])
    expect(nodes.filter(({op_name}) => op_name?.startsWith('Memcpy'))).toEqual([])
    const products = nodes.filter(({op_name}) => op_name?.endsWith('MatMul'))
    expect([...new Set(products.flatMap(typeOfProduct))]).toEqual(products.length > 0 ? [productTypes[precision]] : [])
    const [bytesIn, bytesOut] = [true, false].map((into) =>
      sum(copied.filter((copy) => copy.into === into).map(({bytes}) => bytes)),
    )
    const fed = sum(graph.inputs.map(tensorBytes))
    const handedOut = sum(graph.outputs.map(({value}) => tensorBytes(value)))
    const besides = perNode * nodes.length
    // Less, where nothing needs a weight: the last layer of a prefill is not computed.
    expect(bytesIn).toBeGreaterThan(0)
    expect(bytesIn).toBeLessThan(fed + besides)
    expect(bytesOut).toBeGreaterThanOrEqual(handedOut)
    expect(bytesOut).toBeLessThan(handedOut + besides)
  })
})
