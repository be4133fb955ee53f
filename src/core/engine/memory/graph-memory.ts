import type {PrecisionName} from '../../config/names.js'
import {allParametersOf} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Graph} from '../../onnx/graph.js'
import {largestTensor} from '../../onnx/largest-tensor.js'
import {type LiveTensor, tensorBytes} from '../../onnx/live-tensor.js'
import {livenessOf} from '../../onnx/liveness.js'
import type {TensorType} from '../../onnx/types.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {isSameShape} from '../../util/shape.js'
import {ofFewLayers} from '../graphs/few-layers.js'
import {toPrecision} from '../graphs/to-precision.js'
import {compiledBytes, keepsItsMemory} from '../sessions/session-memory.js'
import type {EngineWork, MemoryPart, Phase, WorkGraph, WorkKind} from './engine-work.js'

/** Memory of a graph while it runs. */
export interface GraphMemory {
  readonly kind: WorkKind
  readonly phases?: readonly Phase[]
  /** What it holds at its fullest moment, by class of tensor; on a device of its own memory copies of its inputs, too. */
  readonly parts: readonly MemoryPart[]
  /** All of these together. */
  readonly bytes: number
  /** What the host makes for one run, and is handed of it by the device; weights, caches and rows of the update are counted elsewhere. */
  readonly feeds: MemoryPart
  /** The compiled graph itself. */
  readonly compiled: MemoryPart
  /** Names of the weights that it is fed in float16, in as many layers as it was built with. */
  readonly halves: readonly string[]
  /** Elements of its largest tensor. */
  readonly elements: number
  /** Whether its memory stays between runs. */
  readonly keepsMemory: boolean
  /** Whether it is one of many shapes, whose freed blocks do not fit the others. */
  readonly leavesBlocks: boolean
}

/** What decides how much memory a graph takes on a device. */
type GraphPlace = Pick<DeviceKind, 'memory' | 'readsInPlace'>

/** The memory of a model's graph, in bytes. For many layers, it is extrapolated from graphs of 3 and 4 layers. */
export function measureGraph(
  {model, precision}: Pick<EngineWork, 'model' | 'precision'>,
  work: WorkGraph,
  device: GraphPlace,
): GraphMemory {
  const {memory} = device
  const {kind, of: workKind, phases, isFedRows = false} = work
  const measure = (layers: number) => rawMemory({...model, layers}, work, device, precision)
  // A graph that is fed rows is of one layer at most, whichever that is.
  const {few, next, at} = ofFewLayers(model.layers, measure, isFedRows)
  const keepsMemory = memory.isApart || keepsItsMemory(kind, at(few.peakBytes, next.peakBytes))
  // Without an arena, every tensor is a block of its own.
  const factor = keepsMemory ? memory.arenaFactor : 1
  const names = new Set([...few.classes.keys(), ...next.classes.keys()])
  const parts = [...names].map((name) => {
    const bytes = at(few.classes.get(name) ?? 0, next.classes.get(name) ?? 0)
    return {name, bytes: Math.max(0, Math.round(factor * bytes)), kind: workKind}
  })
  return {
    kind: workKind,
    phases,
    parts,
    bytes: parts.reduce((sum, {bytes}) => sum + bytes, 0),
    feeds: {name: 'host buffers', bytes: at(few.feedBytes, next.feedBytes), kind: workKind},
    compiled: {name: 'compiled graphs', bytes: Math.round(compiledBytes(at(few.nodes, next.nodes)))},
    halves: few.halves,
    elements: Math.max(few.elements, next.elements),
    keepsMemory,
    leavesBlocks: kind === 'attention-block' && !memory.isApart,
  }
}

function rawMemory(
  model: ModelConfig,
  {of, build, trips, isFedRows = false}: WorkGraph,
  device: GraphPlace,
  precision?: PrecisionName,
) {
  const {isApart} = device.memory
  const graph = toPrecision(build(model), precision, device)
  const written = graph.outputs.filter(({name}) => name.startsWith('gradient/')).map(({value}) => value.name)
  const gradients = new Set(written)
  const classOf = (tensor: LiveTensor): string => {
    if (isLogits(model, tensor)) return `logits of ${titles[of]}`
    return isGradient(model, tensor, gradients) ? 'gradients' : `activations of ${titles[of]}`
  }
  const classes = new Map<string, number>()
  const add = (name: string, bytes: number) => classes.set(name, (classes.get(name) ?? 0) + bytes)
  // Outputs are written to arrays of the host only where graphs compute in its memory.
  for (const tensor of livenessOf(graph, trips, isFedRows && !isApart).live) add(classOf(tensor), tensor.bytes)
  if (isApart)
    for (const input of graph.inputs) add(isWeight(model, input.name) ? weightCopies : 'inputs', tensorBytes(input))
  const handedOut = isApart ? totalOf(graph.outputs.map(({value}) => value)) : 0
  return {
    classes,
    nodes: graph.nodes.length,
    halves: graph.inputs.flatMap(({name, dtype}) => (dtype === 'float16' ? [name] : [])),
    elements: largestTensor(graph)?.elements ?? 0,
    peakBytes: livenessOf(graph).peakBytes,
    feedBytes: isFedRows ? 0 : feedBytes(model, graph) + handedOut,
  }
}

/** What is read of the weights while graphs run: each graph copies its own. */
const weightCopies = 'weights'

function feedBytes(model: ModelConfig, graph: Graph): number {
  const isCounted = (name: string) => !isWeight(model, name) && !/^(context|own)_(keys|values)_/.test(name)
  return totalOf(graph.inputs.filter(({name}) => isCounted(name)))
}

function isWeight(model: ModelConfig, name: string): boolean {
  return allParametersOf(model).some((parameter) => parameter.name === name)
}

function totalOf(tensors: readonly TensorType[]): number {
  return tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0)
}

/** What the work of a kind is called. */
const titles: Readonly<Record<WorkKind, string>> = {
  rollout: 'the rollout',
  policy: 'the update',
  languageModel: 'the update',
  reference: 'the reference',
  score: 'scoring',
  logprobs: 'log-probability queries',
}

/** Rows over the vocabulary: logits, what is computed of them, and their gradients. */
function isLogits({vocabulary, hidden}: ModelConfig, {shape}: LiveTensor): boolean {
  return shape.length === 2 && shape[1] === vocabulary && vocabulary !== hidden
}

function isGradient({vocabulary, hidden}: ModelConfig, {name, shape}: LiveTensor, outputs: ReadonlySet<string>) {
  return outputs.has(name) || isSameShape(shape, [vocabulary, hidden])
}
