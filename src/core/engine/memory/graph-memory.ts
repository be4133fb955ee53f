import {allParametersOf} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import {largestTensor} from '../../onnx/largest-tensor.js'
import {type LiveTensor, tensorBytes} from '../../onnx/live-tensor.js'
import {livenessOf} from '../../onnx/liveness.js'
import type {TensorType, Value} from '../../onnx/types.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {groupBy} from '../../util/group-by.js'
import {sumOf} from '../../util/means.js'
import {isSameShape} from '../../util/shape.js'
import {toPrecision} from '../graphs/to-precision.js'
import {bytesBetweenRuns, compiledBytes, keepsItsMemory} from '../sessions/session-memory.js'
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
  /** Copies of its gradients and rows while they are handed over, as far as they do not fit where its run was. */
  readonly copies: MemoryPart
  /** The compiled graph itself. */
  readonly compiled: MemoryPart
  /** Names of the weights that it is fed in float16, in as many layers as it was built with. */
  readonly halves: readonly string[]
  /** Elements of its largest tensor. */
  readonly elements: number
  /** Whether its memory stays between runs. */
  readonly keepsMemory: boolean
}

/** What decides how much memory a graph takes on a device. */
type GraphPlace = Pick<DeviceKind, 'memory' | 'readsInPlace'>

/** The memory of a model's graph, in bytes. */
export function measureGraph(
  {model, precision}: Pick<EngineWork, 'model' | 'precision'>,
  work: WorkGraph,
  device: GraphPlace,
): GraphMemory {
  const {kind, of, phases, isFedRows = false} = work
  const {isApart, arenaFactor} = device.memory
  const graph = toPrecision(work.build(model), precision, device)
  const weights = new Set(allParametersOf(model).map(({name}) => name))
  const gradients = graph.outputs.filter(({name}) => name.startsWith('gradient/')).map(({value}) => value)
  // Outputs are written to arrays of the host only where graphs compute in its memory.
  const writesElsewhere = isFedRows && !isApart
  const {live, peakBytes} = livenessOf(graph, work.trips, writesElsewhere)
  const classes = groupBy(live, classesOf(model, of, gradients))
  const copies = isApart ? groupBy(graph.inputs, ({name}) => (weights.has(name) ? weightCopies : 'inputs')) : []
  const held = [...classes, ...copies].map(([name, tensors]) => ({name, bytes: bytesOf(tensors), kind: of}))
  const heldBytes = sumOf(held.map(({bytes}) => bytes))
  const keepsMemory = isApart || keepsItsMemory(kind, writesElsewhere ? livenessOf(graph).peakBytes : peakBytes)
  // Without an arena, every tensor is a block of its own.
  const factor = keepsMemory ? bytesBetweenRuns(graph, heldBytes, arenaFactor, writesElsewhere) / heldBytes : 1
  const handedOut = isApart ? bytesOf(graph.outputs.map(({value}) => value)) : 0
  const fed = graph.inputs.filter(({name}) => !weights.has(name) && !isCache(name))
  const copied = bytesOf(isFedRows ? graph.outputs.map(({value}) => value) : gradients)
  // Where memory goes, copies and what they are of take the place of all else; rows and their gradients are elsewhere.
  const beyond = keepsMemory ? copied : Math.max(0, (writesElsewhere ? copied : 2 * copied) - heldBytes)
  return {
    kind: of,
    phases,
    parts: held.map((part) => ({...part, bytes: Math.round(factor * part.bytes)})),
    bytes: Math.round(factor * heldBytes),
    feeds: {name: 'host buffers', bytes: isFedRows ? 0 : bytesOf(fed) + handedOut, kind: of},
    copies: {name: isFedRows ? 'host buffers' : 'gradients', bytes: beyond, kind: of},
    compiled: {name: 'compiled graphs', bytes: compiledBytes(graph.nodes.length)},
    halves: graph.inputs.flatMap(({name, dtype}) => (dtype === 'float16' ? [name] : [])),
    elements: largestTensor(graph)?.elements ?? 0,
    keepsMemory,
  }
}

/** What is read of the weights while graphs run: each graph copies its own. */
const weightCopies = 'weights'

/** Keys and values of sampling, which are counted apart. */
function isCache(input: string): boolean {
  return /^(context|own)_(keys|values)_/.test(input)
}

function bytesOf(tensors: readonly TensorType[]): number {
  return sumOf(tensors.map(tensorBytes))
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

/** The class of a tensor: logits are rows over the vocabulary, what is computed of them, and their gradients. */
function classesOf({vocabulary, hidden}: ModelConfig, of: WorkKind, gradients: readonly Value[]) {
  const outputs = new Set(gradients.map(({name}) => name))
  return ({name, shape}: LiveTensor): string => {
    if (shape.length === 2 && shape[1] === vocabulary && vocabulary !== hidden) return `logits of ${titles[of]}`
    const isGradient = outputs.has(name) || isSameShape(shape, [vocabulary, hidden])
    return isGradient ? 'gradients' : `activations of ${titles[of]}`
  }
}
