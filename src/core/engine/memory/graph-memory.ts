import type {PrecisionName} from '../../config/names.js'
import {allParametersOf} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Graph} from '../../onnx/graph.js'
import {type LiveTensor, tensorBytes} from '../../onnx/live-tensor.js'
import {livenessOf} from '../../onnx/liveness.js'
import type {DeviceMemory} from '../../runtime/devices/device-kind.js'
import {precisions} from '../../runtime/precisions.js'
import {isSameShape} from '../../util/shape.js'
import {compiledBytes, keepsItsMemory} from '../sessions/session-memory.js'
import type {EngineWork, MemoryPart, Phase, WorkGraph, WorkKind} from './engine-work.js'

/** Memory of a graph while it runs. */
export interface GraphMemory {
  readonly kind: WorkKind
  readonly phases?: readonly Phase[]
  /** What it holds at its fullest moment, by class of tensor. */
  readonly parts: readonly MemoryPart[]
  /** All of these together. */
  readonly bytes: number
  /** What the host makes for one run; weights, caches and rows of the update are counted elsewhere. */
  readonly feeds: MemoryPart
  /** The compiled graph itself. */
  readonly compiled: MemoryPart
  /** Whether its memory stays between runs. */
  readonly keepsMemory: boolean
}

/** Layers that are built in place of more: what each further one adds is known from two graphs. */
const [fewer, more] = [3, 4]

/** The memory of a graph of a model; that of many layers follows from graphs of few. */
export function measureGraph(
  {model, precision}: Pick<EngineWork, 'model' | 'precision'>,
  work: WorkGraph,
  memory: DeviceMemory,
): GraphMemory {
  const {kind, of: workKind, phases, isFedRows = false} = work
  const measure = (layers: number) => rawMemory({...model, layers}, work, precision)
  const few = measure(Math.min(model.layers, fewer))
  const isWhole = isFedRows || model.layers <= fewer
  const next = isWhole ? few : measure(more)
  const at = (from: number, to: number) => from + (to - from) * (model.layers - fewer)
  const names = new Set([...few.classes.keys(), ...next.classes.keys()])
  const parts = [...names].map((name) => {
    const bytes = at(few.classes.get(name) ?? 0, next.classes.get(name) ?? 0)
    return {name, bytes: Math.max(0, Math.round(memory.arenaFactor * bytes)), kind: workKind}
  })
  return {
    kind: workKind,
    phases,
    parts,
    bytes: parts.reduce((sum, {bytes}) => sum + bytes, 0),
    feeds: {name: 'host buffers', bytes: few.feedBytes, kind: workKind},
    compiled: {name: 'compiled graphs', bytes: Math.round(compiledBytes(at(few.nodes, next.nodes)))},
    keepsMemory: keepsItsMemory(kind, at(few.peakBytes, next.peakBytes)),
  }
}

function rawMemory(
  model: ModelConfig,
  {of, build, trips, isFedRows = false}: WorkGraph,
  precision: PrecisionName = 'float32',
) {
  const {graph} = build(model).op
  precisions[precision].convert(graph)
  const written = graph.outputs.filter(({name}) => name.startsWith('gradient/')).map(({value}) => value.name)
  const gradients = new Set(written)
  const classOf = (tensor: LiveTensor): string => {
    if (isLogits(model, tensor)) return `logits of ${titles[of]}`
    return isGradient(model, tensor, gradients) ? 'gradients' : `activations of ${titles[of]}`
  }
  const classes = new Map<string, number>()
  for (const tensor of livenessOf(graph, trips, isFedRows).live) {
    const name = classOf(tensor)
    classes.set(name, (classes.get(name) ?? 0) + tensor.bytes)
  }
  return {
    classes,
    nodes: graph.nodes.length,
    peakBytes: livenessOf(graph).peakBytes,
    feedBytes: isFedRows ? 0 : feedBytes(model, graph),
  }
}

function feedBytes(model: ModelConfig, graph: Graph): number {
  const weights = new Set(allParametersOf(model).map(({name}) => name))
  return graph.inputs
    .filter(({name}) => !weights.has(name) && !/^(context|own)_(keys|values)_/.test(name))
    .reduce((sum, input) => sum + tensorBytes(input), 0)
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
