import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {DecoderGraph} from '../../src/core/engine/graphs/decoder-graph.js'
import {everyGraph} from '../../src/core/engine/graphs/every-graph.js'
import {toPrecision} from '../../src/core/engine/graphs/to-precision.js'
import {encodeModel} from '../../src/core/onnx/encode.js'
import type {Graph} from '../../src/core/onnx/graph.js'
import {tensorBytes} from '../../src/core/onnx/live-tensor.js'
import {devices} from '../../src/core/runtime/devices.js'
import ort from '../../src/core/runtime/onnxruntime.js'
import {sizeOf} from '../../src/core/util/shape.js'
import {tinyModel} from '../support/tiny-model.js'

/** Set by scripts/check-cuda.js: the file that the stand-in for CUDA's libraries notes copies in. */
const log = process.env.STAND_IN_LOG ?? ''

const model = tinyModel({vocab_size: 61, max_position_embeddings: 1024})
const untied = tinyModel({model_type: 'qwen2', tie_word_embeddings: false})
const adapter = {
  rank: 2,
  alpha: 4,
  rsLora: false,
  targets: ['q_proj', 'down_proj'] as const,
  base: {name: 'base', revision: null},
}
const adapted = {...model, adapter}
/** Every graph that the engine compiles, and those of models that are unlike in their update. */
const graphs: Record<string, () => DecoderGraph> = {
  ...everyGraph(model),
  'policy of an untied head': everyGraph(untied).policy,
  'policy with adapters': everyGraph(adapted).policy,
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
  if (dtype === 'float16') return new Uint16Array(size) as never
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
    const graph = toPrecision(graphs[name](), precision, devices.cuda)
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
