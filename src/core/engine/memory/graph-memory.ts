import type {PrecisionName} from '../../config/names.js'
import {allParametersOf} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import {arenaOf} from '../../onnx/arena.js'
import {largestTensor} from '../../onnx/largest-tensor.js'
import {type LiveTensor, tensorBytes} from '../../onnx/live-tensor.js'
import {livenessOf} from '../../onnx/liveness.js'
import type {TensorType, Value} from '../../onnx/types.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {groupBy} from '../../util/group-by.js'
import {sumOf} from '../../util/means.js'
import {isSameShape} from '../../util/shape.js'
import {type FewLayers, ofAllLayers, ofFewLayers} from '../graphs/few-layers.js'
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
  /** Of memory that goes, what lies in blocks that the system's allocator may keep. */
  readonly smallBytes: number
}

/** From this size on, glibc asks the system for a block, and gives it back: the highest that its threshold rises to by itself. */
const mappedBytes = 32 * 2 ** 20

/** What decides how much memory a graph takes on a device. */
type GraphPlace = Pick<DeviceKind, 'memory' | 'readsInPlace'>

/** The memory of a model's graph, in bytes. For many layers, it is extrapolated from graphs of fewer. */
export function measureGraph(
  {model, precision}: Pick<EngineWork, 'model' | 'precision'>,
  work: WorkGraph,
  device: GraphPlace,
): GraphMemory {
  const {kind, of, phases, isFedRows = false} = work
  const {isApart, arenaFactor} = device.memory
  const measure = (layers: number) => measureTensors({...model, layers}, work, device, precision)
  const {few, next, at} = measureLayers(model.layers, measure, isFedRows)
  const whole = (read: (tensors: GraphTensors) => number) => at(read(few), read(next))
  const heldBytes = whole(({held}) => sumOf([...held.values()]))
  const peakBytes = whole((tensors) => tensors.peakBytes)
  const keepsMemory = isApart || keepsItsMemory(kind, peakBytes)
  // Without an arena, every tensor is a block of its own. With one, the gaps do not grow evenly with the layers.
  const kept = arenaFactor === null && keepsMemory ? measure(model.layers).arenaBytes() : (arenaFactor ?? 1) * heldBytes
  const factor = keepsMemory ? kept / heldBytes : 1
  const names = new Set([...few.held.keys(), ...next.held.keys()])
  const parts = [...names].map((name) => {
    const bytes = whole(({held}) => held.get(name) ?? 0)
    return {name, bytes: Math.max(0, Math.round(factor * bytes)), kind: of}
  })
  const copied = whole(({copiedBytes}) => copiedBytes)
  // Where memory goes, copies and what they are of take the place of all else; rows and their gradients are elsewhere.
  const beyond = keepsMemory ? copied : Math.max(0, (isFedRows ? copied : 2 * copied) - heldBytes)
  return {
    kind: of,
    phases,
    parts,
    bytes: Math.round(factor * heldBytes),
    feeds: {name: 'host buffers', bytes: whole(({feedBytes}) => feedBytes), kind: of},
    copies: {name: isFedRows ? 'host buffers' : 'gradients', bytes: beyond, kind: of},
    compiled: {name: 'compiled graphs', bytes: compiledBytes(whole(({nodes}) => nodes))},
    halves: few.halves,
    elements: Math.max(few.elements, next.elements),
    keepsMemory,
    smallBytes: keepsMemory ? 0 : whole(({smallBytes}) => smallBytes),
  }
}

/** Nodes of a layer with which a graph of 48 layers is measured in half a second. */
const lightLayer = 400

/**
 * Measures a graph by few layers where each adds as much as the others. A graph that trains on short texts has its fullest moment elsewhere
 * when it has many, so it is measured as it is. Where texts are so long that attention has many nodes, its layers hold most from the first on.
 */
function measureLayers(
  layers: number,
  measure: (layers: number) => GraphTensors,
  isFedRows: boolean,
): FewLayers<GraphTensors> {
  // It is of one layer at most, whichever that is.
  if (isFedRows) return ofAllLayers(layers, measure)
  const ofFew = ofFewLayers(layers, measure)
  const {few, next} = ofFew
  const trains = few.copiedBytes > 0
  return trains && next.nodes - few.nodes <= lightLayer ? ofAllLayers(layers, measure) : ofFew
}

/** The tensors of a graph, in bytes. */
interface GraphTensors {
  /** At its fullest moment, by class. */
  readonly held: ReadonlyMap<string, number>
  /** Of these, in blocks that the system's allocator may keep when they are freed. */
  readonly smallBytes: number
  /** At the fullest moment if outputs are among them. */
  readonly peakBytes: number
  /** What is fed for one run and, from a device of its own memory, handed out. */
  readonly feedBytes: number
  /** What is copied when the run is over: gradients, or all rows that it hands out. */
  readonly copiedBytes: number
  readonly nodes: number
  readonly halves: readonly string[]
  readonly elements: number
  /** What its arena takes on the CPU. */
  arenaBytes(): number
}

function measureTensors(
  model: ModelConfig,
  {of, build, trips, isFedRows = false}: WorkGraph,
  device: GraphPlace,
  precision?: PrecisionName,
): GraphTensors {
  const {isApart} = device.memory
  const graph = toPrecision(build(model), precision, device)
  const weights = new Set(allParametersOf(model).map(({name}) => name))
  const outputs = graph.outputs.map(({value}) => value)
  const gradients = graph.outputs.filter(({name}) => name.startsWith('gradient/')).map(({value}) => value)
  // Outputs are written to arrays of the host only where graphs compute in its memory.
  const writesElsewhere = isFedRows && !isApart
  const {live, peakBytes} = livenessOf(graph, trips, writesElsewhere)
  const classes = groupBy(live, classesOf(model, of, gradients))
  const copies = isApart ? groupBy(graph.inputs, ({name}) => (weights.has(name) ? weightCopies : 'inputs')) : []
  const fed = graph.inputs.filter(({name}) => !weights.has(name) && !isCache(name))
  return {
    held: new Map([...classes, ...copies].map(([name, tensors]) => [name, bytesOf(tensors)])),
    smallBytes: sumOf(live.map(({bytes}) => bytes).filter((bytes) => bytes < mappedBytes)),
    peakBytes: writesElsewhere ? livenessOf(graph).peakBytes : peakBytes,
    feedBytes: isFedRows ? 0 : bytesOf(fed) + (isApart ? bytesOf(outputs) : 0),
    copiedBytes: bytesOf(isFedRows ? outputs : gradients),
    nodes: graph.nodes.length,
    halves: graph.inputs.flatMap(({name, dtype}) => (dtype === 'float16' ? [name] : [])),
    elements: largestTensor(graph)?.elements ?? 0,
    arenaBytes: () => arenaOf(graph, writesElsewhere).usedBytes,
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
