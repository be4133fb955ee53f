import type {ObjectiveSettings} from '../../grpo/objective.js'
import {allParametersOf, trainedCount} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import {countOf} from '../../models/parameters.js'
import type {Graph} from '../../onnx/graph.js'
import {type LiveTensor, tensorBytes} from '../../onnx/live-tensor.js'
import {livenessOf} from '../../onnx/liveness.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {groupBy} from '../../util/group-by.js'
import {isSameShape} from '../../util/shape.js'
import {decodingStepGraph} from '../graphs/decoding-step.js'
import {type LanguageModelShape, languageModelGraph} from '../graphs/language-model.js'
import {type LogprobShape, logprobsGraph} from '../graphs/logprobs.js'
import {type PolicyShape, policyGraph} from '../graphs/policy.js'
import {prefillGraph} from '../graphs/prefill.js'
import {rolloutLoopGraph} from '../graphs/rollout-loop.js'
import {type ScoreShape, scoreGraph} from '../graphs/score.js'
import {type RolloutSizes, rolloutShape} from '../graphs/shapes.js'
import {rolloutShapes} from '../sampling/rollout-shapes.js'
import type {GraphKind} from '../sessions/graph-kinds.js'
import {keepsItsMemory} from '../sessions/session-memory.js'

/** The largest graph of each kind that the engine will be asked to run. */
export interface GraphWork {
  readonly rollout?: RolloutSizes
  readonly policy?: PolicyShape
  readonly languageModel?: LanguageModelShape
  readonly score?: ScoreShape
  readonly logprobs?: LogprobShape
}

/** What the engine is asked for: one model, and the largest graphs. */
export interface EngineWork extends GraphWork {
  readonly model: ModelConfig
  /** GRPO's objective; matters to `policy` only. */
  readonly objective?: ObjectiveSettings
  /** Whether a reference is kept and asked for log-probabilities. */
  readonly hasReference?: boolean
  /** Whether a moving average of the weights is kept. */
  readonly hasAverage?: boolean
  /** Whether an update has several micro-batches: their gradients are summed. */
  readonly isAccumulated?: boolean
}

/** A kind of work; each has graphs of its own. */
export type WorkKind = keyof GraphWork | 'reference'

/** Memory of one class of tensors. */
export interface MemoryPart {
  readonly name: string
  readonly bytes: number
  /** Kind of work that needs it; absent for what is there throughout. */
  readonly kind?: WorkKind
}

/** Memory of a process, by class of tensor. */
export interface MemoryEstimate {
  /** Largest first. */
  readonly parts: readonly MemoryPart[]
  readonly totalBytes: number
  /** What each graph holds at its fullest moment; these are among the parts too. */
  readonly graphBytes: readonly number[]
  /** Of these, what stays between runs: of the training graphs of small models. */
  readonly keptBytes: readonly number[]
  /** The largest part that settings or the model decide. */
  readonly largest: MemoryPart
}

/** Node.js, onnxruntime, the code of both and their small buffers: as measured. */
const programBytes = 210 * 2 ** 20
const program = 'program'

const float = 4

/**
 * Estimates the peak memory of an engine from the graphs that it would build: nothing is allocated or compiled.
 *
 * Training graphs of small models keep their memory, so that those of update and reference add up; of the others, the
 * largest counts.
 */
export function estimateMemory(work: EngineWork, device: DeviceKind): MemoryEstimate {
  const {arenaFactor} = device.memory
  const built = graphsOf(work, device)
  const graphs = heldAtOnce(built.map((graph) => ({...graph, tensors: namedTensors(work.model, graph)})))
  const parts = merged([
    {name: program, bytes: programBytes},
    ...hostParts(work, device),
    ...graphs.flatMap(({kind, tensors}) =>
      tensors.map(({name, bytes}) => ({name, bytes: Math.round(arenaFactor * bytes), kind: works[kind].kind})),
    ),
    ...graphs.map((graph) => feedsOf(work.model, graph)),
  ])
  const heldBy = (some: typeof graphs) => some.map(({tensors}) => Math.round(arenaFactor * totalOf(tensors)))
  return {
    parts,
    totalBytes: totalOf(parts),
    graphBytes: heldBy(graphs),
    keptBytes: heldBy(graphs.filter(keepsItsMemory)),
    largest: parts.find(({name}) => name !== program)!,
  }
}

/** The graphs whose memory is there at the same time: those that keep theirs, and the largest of those that do not. */
function heldAtOnce<T extends BuiltGraph & {readonly tensors: readonly {readonly bytes: number}[]}>(
  graphs: readonly T[],
): T[] {
  const bySize = graphs.toSorted((a, b) => totalOf(b.tensors) - totalOf(a.tensors))
  const largest = bySize.find((graph) => !keepsItsMemory(graph))
  return graphs.filter((graph) => keepsItsMemory(graph) || graph === largest)
}

function totalOf(parts: readonly {readonly bytes: number}[]): number {
  return parts.reduce((sum, {bytes}) => sum + bytes, 0)
}

/** Parts of the same name are one, the largest first. */
function merged(parts: readonly MemoryPart[]): MemoryPart[] {
  return [...groupBy(parts, ({name}) => name)]
    .map(([, own]) => ({...own[0], bytes: totalOf(own)}))
    .filter(({bytes}) => bytes > 0)
    .toSorted((a, b) => b.bytes - a.bytes)
}

interface BuiltGraph {
  readonly kind: GraphKind
  readonly graph: Graph
  /** Trips that its Loop takes; absent where it has none. */
  readonly trips?: number
}

function graphsOf({model, objective, hasReference, ...work}: EngineWork, device: DeviceKind): BuiltGraph[] {
  const {rollout, policy, languageModel, score, logprobs} = work
  const built: (BuiltGraph | null | undefined)[] = [
    ...(rollout ? rolloutGraphs(model, rollout, device) : []),
    policy && {kind: 'policy', graph: policyGraph(model, policy, 1, objective).op.graph},
    policy && hasReference ? {kind: 'reference', graph: policyGraph(model, policy, 1).op.graph} : null,
    languageModel && {kind: 'language-model', graph: languageModelGraph(model, languageModel).op.graph},
    score && {kind: 'score', graph: scoreGraph(model, score).op.graph},
    logprobs && {kind: 'logprobs', graph: logprobsGraph(model, logprobs, 1).op.graph},
  ]
  return built.filter((graph) => graph != null)
}

/** The graph of the contexts, and one of a step for every size that the caches of the completions grow to; or the loop. */
function rolloutGraphs(model: ModelConfig, sizes: RolloutSizes, {readsInPlace}: DeviceKind): BuiltGraph[] {
  const sampling = {temperature: 1, greedy: false, endIds: model.endIds}
  if (!readsInPlace) {
    const shape = rolloutShape(sizes)
    return [{kind: 'rollout-loop', graph: rolloutLoopGraph(model, shape, sampling).op.graph, trips: shape.capacity}]
  }
  const {prefill, steps} = rolloutShapes(sizes)
  return [
    {kind: 'prefill', graph: prefillGraph(model, prefill).op.graph},
    ...steps.map((step): BuiltGraph => {
      return {kind: 'decoding-step', graph: decodingStepGraph(model, step, sampling).op.graph}
    }),
  ]
}

/** Tensors that are there throughout: on the host, float32. */
function hostParts(work: EngineWork, {readsInPlace}: DeviceKind): MemoryPart[] {
  const {model, hasReference, hasAverage, isAccumulated, policy, languageModel, rollout} = work
  const bytes = float * trainedCount(model)
  const isTrained = policy !== undefined || languageModel !== undefined
  return [
    {name: 'weights', bytes: float * countOf(allParametersOf(model))},
    {name: 'moments of the optimizer', bytes: isTrained ? 2 * bytes : 0},
    // A micro-batch's gradients leave the graph as copies, beside the sum.
    {name: 'gradients', bytes: isTrained ? (isAccumulated ? 2 : 1) * bytes : 0},
    {name: 'weights of the reference', bytes: hasReference ? bytes : 0},
    {name: 'moving average of the weights', bytes: hasAverage ? bytes : 0},
    // The loop carries its caches inside.
    {
      name: 'key-value cache of the rollout',
      bytes: rollout && readsInPlace ? cacheBytes(model, rollout) : 0,
      kind: 'rollout',
    },
  ]
}

/** The tensors that a graph holds at its fullest moment, named by their class. */
function namedTensors(model: ModelConfig, {kind: of, graph, trips}: BuiltGraph): MemoryPart[] {
  const {kind, title} = works[of]
  const gradients = new Set(graph.outputs.filter(({name}) => name.startsWith('gradient/')).map(({value}) => value.name))
  const classOf = (tensor: LiveTensor): string => {
    if (isLogits(model, tensor)) return `logits of ${title}`
    return isGradient(model, tensor, gradients) ? 'gradients' : `activations of ${title}`
  }
  return livenessOf(graph, trips).live.map((tensor) => ({name: classOf(tensor), bytes: tensor.bytes, kind}))
}

/** What the host makes for one run of a graph; weights and caches are counted elsewhere. */
function feedsOf(model: ModelConfig, {kind, graph}: BuiltGraph): MemoryPart {
  const weights = new Set(allParametersOf(model).map(({name}) => name))
  const made = graph.inputs.filter(({name}) => !weights.has(name) && !/^(context|own)_(keys|values)_/.test(name))
  return {name: 'host buffers', bytes: made.reduce((sum, input) => sum + tensorBytes(input), 0), kind: works[kind].kind}
}

/** The work that a graph belongs to. */
const works: Readonly<Record<GraphKind, {readonly kind: WorkKind; readonly title: string}>> = {
  prefill: {kind: 'rollout', title: 'the rollout'},
  'decoding-step': {kind: 'rollout', title: 'the rollout'},
  'rollout-loop': {kind: 'rollout', title: 'the rollout'},
  policy: {kind: 'policy', title: 'the update'},
  'language-model': {kind: 'languageModel', title: 'the update'},
  reference: {kind: 'reference', title: 'the reference'},
  score: {kind: 'score', title: 'scoring'},
  logprobs: {kind: 'logprobs', title: 'log-probability queries'},
}

/** Rows over the vocabulary: logits, what is computed of them, and their gradients. */
function isLogits({vocabulary, hidden}: ModelConfig, {shape}: LiveTensor): boolean {
  return shape.length === 2 && shape[1] === vocabulary && vocabulary !== hidden
}

function isGradient({vocabulary, hidden}: ModelConfig, {name, shape}: LiveTensor, outputs: ReadonlySet<string>) {
  return outputs.has(name) || isSameShape(shape, [vocabulary, hidden])
}

/**
 * Keys and values of a batch of contexts and of its completions. Those of the contexts are there twice while a batch is
 * laid out, those of the completions one and a half times while they grow.
 */
function cacheBytes({layers, kvHeads, headSize}: ModelConfig, sizes: RolloutSizes): number {
  const {contexts, groupSize, contextLength, capacity} = rolloutShapes(sizes).steps.at(-1)!
  const entries = contexts * (2 * contextLength + 1.5 * groupSize * capacity)
  return float * 2 * layers * kvHeads * headSize * entries
}
