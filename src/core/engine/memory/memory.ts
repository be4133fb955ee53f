import {allParametersOf, trainedCount, trainedParametersOf} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import {countOf, type Parameter} from '../../models/parameters.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {maxOf} from '../../util/extremes.js'
import {groupBy} from '../../util/group-by.js'
import {sumOf} from '../../util/means.js'
import {decodingStepGraph} from '../graphs/decoding-step.js'
import {logprobsGraph} from '../graphs/logprobs.js'
import {pageTokens} from '../graphs/pages.js'
import {prefillGraph} from '../graphs/prefill.js'
import {loopChunks, rolloutLoopGraph} from '../graphs/rollout-loop.js'
import {scoreGraph} from '../graphs/score.js'
import {type RolloutSizes, rolloutShape} from '../graphs/shapes.js'
import {rolloutShapes} from '../sampling/rollout-shapes.js'
import {mostKeptByRuns, sessionCapacity} from '../sessions/session-memory.js'
import {allPhases, type EngineWork, isInPhase, type MemoryPart, type WorkGraph} from './engine-work.js'
import {type GraphMemory, measureGraph} from './graph-memory.js'
import {updateOf} from './update-memory.js'

/** Memory of a process, by class of tensor. */
export interface MemoryEstimate {
  /** Largest first. */
  readonly parts: readonly MemoryPart[]
  readonly totalBytes: number
  /** What each graph holds at its fullest moment; these are among the parts too. */
  readonly graphBytes: readonly number[]
  /** What each graph, of any phase, keeps between runs: itself, and its tensors where they stay. */
  readonly keptBytes: readonly number[]
  /** What graphs of other lengths keep besides, when there are as many as the cache takes. */
  readonly othersBytes: number
  /** Elements of the largest tensor of any graph; absent where the host computes. */
  readonly mostElements?: number
  /** The largest part that settings or the model decide. */
  readonly largest: MemoryPart
}

/** Node.js in two threads, onnxruntime, and the code of both: as measured. */
const programBytes = 200 * 2 ** 20
const program = 'program'

/** Words, merges and their tables of one entry of the vocabulary, the file's text included: as measured with 49,152 entries. */
const tokenizerBytes = 2 * 2 ** 10

/** What the system's allocator keeps of arrays that were freed: a share, of blocks that are small enough for it to keep. */
const keptShare = 0.3
const mostKept = 320 * 2 ** 20

/** Of graphs without an arena: their blocks do not fit those of other shapes. */
const keptOfShapes = 0.2

const float = 4
const half = 2

/** What some work needs in the host's memory and, where the device has its own, there. */
export interface MemoryEstimates {
  readonly host: MemoryEstimate
  readonly device: MemoryEstimate | null
}

/**
 * Estimates the peak memory of an engine from the graphs that it would build: nothing is allocated or compiled.
 *
 * Of all phases, that which needs most counts. Graphs that keep their memory add up; of the others, the largest counts. A
 * device with its own memory holds graphs and what they read and write, those of one phase; the host all else.
 */
export function estimateMemories(work: EngineWork, device: DeviceKind): MemoryEstimates {
  const known = estimated.get(work)
  if (known?.device === device) return known.estimates
  const estimates = estimateAnew(work, device)
  estimated.set(work, {device, estimates})
  return estimates
}

/** Estimates by their work: what is chosen by its memory is asked for again, to say how much it is. */
const estimated = new WeakMap<EngineWork, {readonly device: DeviceKind; readonly estimates: MemoryEstimates}>()

function estimateAnew(work: EngineWork, device: DeviceKind): MemoryEstimates {
  const graphs = graphsOf(work, device).map((graph) => measureGraph(work, graph, device))
  const {isApart} = device.memory
  const onHost = isApart
    ? graphs.map((graph) => ({...graph, parts: [], bytes: 0, keepsMemory: false, smallBytes: 0}))
    : graphs
  return {host: estimateHost(work, device, onHost), device: isApart ? estimateDevice(graphs) : null}
}

/** As `estimateMemories`, the host's alone. */
export function estimateMemory(work: EngineWork, device: DeviceKind): MemoryEstimate {
  return estimateMemories(work, device).host
}

function estimateHost(work: EngineWork, device: DeviceKind, graphs: readonly GraphMemory[]): MemoryEstimate {
  const always = [{name: program, bytes: programBytes}, ...hostParts(work, device), halfCopies(work, graphs)]
  const {ofShorter} = updateOf(work, device)
  const left = keptOfShapes * sumOf(graphs.map(({smallBytes}) => smallBytes))
  const estimates = allPhases.map((phase) => {
    const isNow = (what: Timed) => isInPhase(what, phase)
    const held = heldAtOnce(graphs, isNow)
    const now = always.filter(isNow)
    const passing = totalOf(now.filter((part) => !allPhases.every((any) => isInPhase(part, any))))
    const freed = Math.min(mostKept, keptShare * passing) + left
    const parts = merged([
      ...now,
      ...graphs.map(({compiled}) => compiled),
      {name: 'freed, not returned', bytes: Math.round(freed)},
      ...largestOf(graphs.filter(isNow).map(({copies}) => copies)),
      ...held.flatMap((graph) => [...graph.parts, ...(isNow(graph) ? [graph.feeds] : [])]),
    ])
    return {
      parts,
      totalBytes: totalOf(parts),
      graphBytes: held.map(({bytes}) => bytes),
      keptBytes: graphs.map(({compiled, keepsMemory, bytes}) => compiled.bytes + (keepsMemory ? bytes : 0)),
      othersBytes: othersOf(graphs) + totalOf(ofShorter.filter(isNow)),
      largest: parts.find(({name}) => name !== program)!,
    }
  })
  return fullest(estimates)
}

/** Graphs of other lengths are as large as these on average. Of what runs took they keep no more than all graphs may together. */
function othersOf(graphs: readonly GraphMemory[]): number {
  if (graphs.length === 0) return 0
  const compiled = totalOf(graphs.map(({compiled}) => compiled)) / graphs.length
  const kept = graphs.filter(({keepsMemory}) => keepsMemory)
  const most = mostKeptByRuns + maxOf([0, ...kept.map(({bytes}) => bytes)])
  const room = kept.length > 0 ? Math.max(0, most - totalOf(kept)) : 0
  return Math.round(placesLeft(graphs) * compiled + room)
}

function placesLeft(graphs: readonly GraphMemory[]): number {
  return Math.max(0, sessionCapacity - graphs.length)
}

/** Graphs of another phase are dropped where there is no room for them. */
function estimateDevice(graphs: readonly GraphMemory[]): MemoryEstimate {
  const estimates = allPhases.flatMap((phase) => {
    const held = graphs.filter((graph) => isInPhase(graph, phase))
    if (held.length === 0) return []
    const parts = merged(held.flatMap((graph) => graph.parts))
    const keptBytes = graphs.map(({bytes}) => bytes)
    const graphBytes = held.map(({bytes}) => bytes)
    const othersBytes = placesLeft(graphs) * maxOf(keptBytes)
    return [{parts, totalBytes: totalOf(parts), graphBytes, keptBytes, othersBytes, largest: parts[0]}]
  })
  const mostElements = maxOf([0, ...graphs.map(({elements}) => elements)])
  return {...(estimates.length > 0 ? fullest(estimates) : nothing), mostElements}
}

/** Of work that has no graph. */
const nothing: MemoryEstimate = {
  parts: [],
  totalBytes: 0,
  graphBytes: [],
  keptBytes: [],
  othersBytes: 0,
  largest: {name: 'nothing', bytes: 0},
}

type Timed = Pick<MemoryPart, 'kind' | 'phases'>

function fullest(estimates: readonly MemoryEstimate[]): MemoryEstimate {
  return estimates.reduce((most, estimate) => (estimate.totalBytes > most.totalBytes ? estimate : most))
}

/** The graphs whose memory is there in a phase: those that keep theirs, and the largest of its own that do not. */
function heldAtOnce(graphs: readonly GraphMemory[], isNow: (graph: GraphMemory) => boolean): GraphMemory[] {
  const [largest] = largestOf(graphs.filter((graph) => !graph.keepsMemory && isNow(graph)))
  return graphs.filter((graph) => graph.keepsMemory || graph === largest)
}

/** The largest one; none of none. */
function largestOf<T extends {readonly bytes: number}>(parts: readonly T[]): T[] {
  return parts.toSorted((a, b) => b.bytes - a.bytes).slice(0, 1)
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

function graphsOf(work: EngineWork, device: DeviceKind): WorkGraph[] {
  const {model, rollout, score, logprobs} = work
  const built: (WorkGraph | undefined)[] = [
    ...(rollout ? rolloutGraphs(model, rollout, device) : []),
    ...updateOf(work, device).graphs,
    score && {kind: 'score', of: 'score', build: (of) => scoreGraph(of, score)},
    logprobs && {kind: 'logprobs', of: 'logprobs', build: (of) => logprobsGraph(of, logprobs, 1)},
  ]
  return built.filter((graph) => graph !== undefined)
}

/** The graph of the contexts and that of the largest step, of which none keeps its memory; or the loop. */
function rolloutGraphs(model: ModelConfig, sizes: RolloutSizes, {readsInPlace}: DeviceKind): WorkGraph[] {
  const sampling = {temperature: 1, greedy: false, endIds: model.endIds}
  const of = 'rollout'
  if (!readsInPlace) {
    const shape = rolloutShape(sizes)
    const build = (whole: ModelConfig) => rolloutLoopGraph(whole, shape, sampling)
    return [{kind: 'rollout-loop', of, build, trips: loopChunks(model, shape).chunks}]
  }
  const {prefill, step} = rolloutShapes(sizes)
  return [
    {kind: 'prefill', of, build: (whole) => prefillGraph(whole, prefill)},
    {kind: 'decoding-step', of, build: (whole) => decodingStepGraph(whole, step, sampling)},
  ]
}

/** Tensors that are there throughout: on the host, float32. */
function hostParts(work: EngineWork, device: DeviceKind): MemoryPart[] {
  const {model, hasReference, hasAverage, policy, languageModel, rollout} = work
  const bytes = float * trainedCount(model)
  const isTrained = policy !== undefined || languageModel !== undefined
  return [
    {name: 'tokenizer', bytes: tokenizerBytes * model.vocabulary},
    {name: 'weights', bytes: float * countOf(allParametersOf(model))},
    {name: 'moments of the optimizer', bytes: isTrained ? 2 * bytes : 0},
    {name: 'weights of the reference', bytes: hasReference ? bytes : 0},
    {name: 'moving average of the weights', bytes: hasAverage ? bytes : 0},
    ...updateOf(work, device).host,
    // The loop carries its caches inside.
    {
      name: 'key-value cache of the rollout',
      bytes: rollout && device.readsInPlace ? cacheBytes(model, rollout) : 0,
      kind: 'rollout',
    },
  ]
}

/** Copies in float16 of what graphs are fed: of the weights, and of the reference and the average where these differ. */
function halfCopies({model, hasReference, hasAverage}: EngineWork, graphs: readonly GraphMemory[]): MemoryPart {
  // Whichever layer a graph was built for, it serves those like it.
  const ofAnyLayer = (name: string) => name.replace(/^model\.layers\.\d+\./, 'model.layers.')
  const fed = new Set(graphs.flatMap(({halves}) => halves.map(ofAnyLayer)))
  const countFed = (parameters: readonly Parameter[]) =>
    countOf(parameters.filter(({name}) => fed.has(ofAnyLayer(name))))
  const others = Number(hasReference ?? false) + Number(hasAverage ?? false)
  const count = countFed(allParametersOf(model)) + others * countFed(trainedParametersOf(model))
  return {name: 'weights in float16', bytes: half * count}
}

/**
 * Keys and values of a batch of contexts and of its completions. Those of the contexts are there twice while a batch is
 * laid out. Those of the completions grow by pages that never move; only a first page is there one and a half times
 * while it is doubled.
 */
function cacheBytes({layers, kvHeads, headSize}: ModelConfig, sizes: RolloutSizes): number {
  const {contexts, groupSize, contextLength, capacity} = rolloutShapes(sizes).step
  const own = Math.max(capacity, 1.5 * Math.min(capacity, pageTokens))
  return float * 2 * layers * kvHeads * headSize * contexts * (2 * contextLength + groupSize * own)
}
