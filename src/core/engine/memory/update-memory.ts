import type {UpdateModeName} from '../../config/names.js'
import {trainedAmong, trainedCount} from '../../models/adapters.js'
import {firstOfEachKind} from '../../models/layer-kinds.js'
import {headParameters, layerParameters} from '../../models/layer-parameters.js'
import type {ModelConfig} from '../../models/model-config.js'
import {countOf, type Parameter} from '../../models/parameters.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {maxOf} from '../../util/extremes.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'
import {languageModelGraph} from '../graphs/language-model.js'
import {
  type Direction,
  feedForwardGraph,
  headsGraph,
  languageModelHeadGraph,
  policyHeadGraph,
} from '../graphs/layer-segments.js'
import {policyGraph} from '../graphs/policy.js'
import {type AttentionBlock, attentionBlocks, attentionGraph, keyRows} from '../segments/attention-blocks.js'
import {
  attentionBytes,
  cut,
  keepsAll,
  keptLayers,
  limitsOn,
  productBytes,
  type RowLayout,
  type RunLimits,
  readRows,
  rowCounts,
  type Span,
} from '../segments/row-layout.js'
import {allPhases, type EngineWork, type MemoryPart, type WorkGraph} from './engine-work.js'

/** What updates need besides weights, moments and one gradient: graphs, and arrays on the host. */
export interface UpdateMemory {
  readonly graphs: readonly WorkGraph[]
  readonly host: readonly MemoryPart[]
  /** What updates of shorter texts keep when they are done. */
  readonly ofShorter: readonly MemoryPart[]
}

const float = 4
const directions: readonly Direction[] = ['forward', 'backward']

/** What the updates of some work need, by how they are computed. */
export function updateOf(work: EngineWork, device: DeviceKind): UpdateMemory {
  return updates[work.updateMode ?? 'whole'](work, limitsOn(device, work.model))
}

const updates: Readonly<Record<UpdateModeName, (work: EngineWork, limits: RunLimits) => UpdateMemory>> = {
  whole: ({model, objective, policy, languageModel, hasReference, asksPolicy, isAccumulated}) => {
    const isAsked = hasReference || asksPolicy
    const built: (WorkGraph | false | undefined)[] = [
      policy && {kind: 'policy', of: 'policy', build: (of) => policyGraph(of, policy, 1, objective)},
      policy && isAsked && {kind: 'reference', of: 'reference', build: (of) => policyGraph(of, policy, 1)},
      languageModel && {
        kind: 'language-model',
        of: 'languageModel',
        build: (of) => languageModelGraph(of, languageModel),
      },
    ]
    const graphs = built.filter((graph) => graph !== undefined && graph !== false)
    // The copies of one micro-batch's gradients are its graph's; those of the ones before are summed.
    const sums = graphs.length > 0 && isAccumulated ? float * trainedCount(model) : 0
    const gradients = {name: 'gradients', bytes: sums, kind: graphs[0]?.of}
    return {graphs, host: [gradients], ofShorter: []}
  },

  segmented: (work, limits) => {
    const works = segmentedWorks(work, limits)
    if (works.length === 0) return {graphs: [], host: [], ofShorter: []}
    const {model} = work
    const isAll = keepsAll(model, mostRowsOf(works), limits)
    const layersOf = (layout: RowLayout, of: WorkGraph['of']) => layerGraphs(model, layout, of, limits, isAll)
    return {
      graphs: works.flatMap(({layout, of, heads}) => [...heads, ...layersOf(layout, of)]),
      // Micro-batches of both kinds pass through the same arrays.
      host: rowArrays(work, works, limits),
      ofShorter: isAll
        ? []
        : [{name: 'rows of shorter texts', bytes: limits.allBytes, phases: ['sampling', 'scoring']}],
    }
  },
}

/** Micro-batches that go through the layers, each with the graphs of its head. */
function segmentedWorks({objective, policy, languageModel, hasReference, asksPolicy}: EngineWork, {tokens}: RunLimits) {
  const headsOf = (
    kind: WorkGraph['kind'],
    of: WorkGraph['of'],
    trained: number,
    build: (whole: ModelConfig, shape: {rows: number}) => DecoderGraph,
  ) =>
    sizesOf({from: 0, to: trained}, tokens).map(
      (rows): WorkGraph => ({kind, of, phases: ['head'], build: (whole) => build(whole, {rows}), isFedRows: true}),
    )
  const ofPolicy = policy && {
    layout: policy,
    of: 'policy' as const,
    trained: policy.trained,
    heads: [
      ...headsOf('policy-head', 'policy', policy.trained, (of, shape) => policyHeadGraph(of, shape, 1, objective)),
      ...(hasReference || asksPolicy
        ? headsOf('policy-head', 'reference', policy.trained, (of, shape) => policyHeadGraph(of, shape, 1))
        : []),
    ],
  }
  const ofRows = languageModel && {
    layout: {contexts: languageModel.rows, contextLength: languageModel.length, groupSize: 0, completionLength: 0},
    of: 'languageModel' as const,
    trained: languageModel.trained,
    heads: headsOf('language-model-head', 'languageModel', languageModel.trained, (of, shape) =>
      languageModelHeadGraph(of, shape),
    ),
  }
  return [ofPolicy, ofRows].filter((work) => work !== undefined)
}

/** Layers have as many weights and rows as each other, of whatever kind they are. */
const anyLayer = 0

/** The graphs that serve all layers: parts that have weights once for each kind of layer. */
function layerGraphs(
  model: ModelConfig,
  layout: RowLayout,
  of: WorkGraph['of'],
  limits: RunLimits,
  keepsProducts: boolean,
): WorkGraph[] {
  const {all} = rowCounts(layout)
  const positions = layout.contextLength + layout.completionLength
  const everyRow = sizesOf({from: 0, to: all}, limits.rows)
  const read = [...new Set([...everyRow, ...sizesOf(readRows(layout), limits.rows)])]
  const {context, completion} = attentionBlocks(model, layout, limits)
  const segment = (kind: WorkGraph['kind'], build: WorkGraph['build']): WorkGraph => ({
    kind,
    of,
    phases: ['layers'],
    build,
    isFedRows: true,
  })
  const ofKind = (layer: number, direction: Direction) => [
    ...everyRow.map((rows) => segment('layer', (whole) => headsGraph(whole, {rows, positions, layer}, direction))),
    ...read.map((rows) =>
      segment('layer', (whole) => feedForwardGraph(whole, {rows, layer, keepsProducts}, direction)),
    ),
  ]
  const kinds = firstOfEachKind(model)
  return directions.flatMap((direction) => [
    ...kinds.flatMap((layer) => ofKind(layer, direction)),
    ...ofEveryShape([...context, ...completion]).map((block) =>
      segment(block.kind, (whole) => attentionGraph(whole, block, direction)),
    ),
  ])
}

/** Rows of the largest micro-batch. */
function mostRowsOf(works: readonly {readonly layout: RowLayout}[]): number {
  return maxOf(works.map(({layout}) => rowCounts(layout).all))
}

/** What lies in host memory while the largest of some micro-batches goes through the layers. */
function rowArrays(work: EngineWork, works: ReturnType<typeof segmentedWorks>, limits: RunLimits): MemoryPart[] {
  const {model} = work
  const all = mostRowsOf(works)
  const tokens = maxOf(works.map(({trained}) => trained))
  const kind = works.find(({layout}) => rowCounts(layout).all === all)!.of
  const {layers, hidden} = model
  const kept = keptLayers(model, all, limits)
  const isAll = keepsAll(model, all, limits)
  // Of the layer at work, and its gradients.
  const atWork = (kept < layers ? 2 : 1) * attentionBytes(model, all)
  const arrays: readonly MemoryPart[] = [
    {name: 'hidden rows of the update', bytes: float * all * (layers + 1) * hidden},
    {name: 'attention that is kept', bytes: kept * attentionBytes(model, all)},
    {name: 'products that are kept', bytes: isAll ? layers * productBytes(model, all) : 0},
    {name: 'rows of one layer', bytes: atWork + float * all * 2 * hidden + rowsOfOneRun(model, works, limits)},
    ...passingGradients(work, all, tokens, limits),
  ]
  // Those of a small update stay until the next one.
  const stay = isAll ? arrays.map((part) => ({...part, phases: allPhases})) : arrays
  return [...stay, ...gradientSums(work)].map((part) => ({...part, kind}))
}

/** What one run writes before it is summed: gradients of a block's keys and values; and the head's rows with their gradients. */
function rowsOfOneRun(model: ModelConfig, works: ReturnType<typeof segmentedWorks>, limits: RunLimits): number {
  const {kvHeads, headSize, hidden} = model
  const blocks = works.flatMap(({layout}) => Object.values(attentionBlocks(model, layout, limits)).flat())
  const tokens = maxOf(works.map(({trained}) => Math.min(trained, limits.tokens)))
  return float * 2 * (maxOf(blocks.map(keyRows)) * kvHeads * headSize + tokens * hidden)
}

/** Sums of gradients: the head's first, those of the layers only when it is done, unless an earlier micro-batch left them. */
function gradientSums({model, isAccumulated}: EngineWork): MemoryPart[] {
  const all = float * trainedCount(model)
  return [
    {name: 'gradients', bytes: isAccumulated ? all : gradientBytes(model, headParameters(model)), phases: ['head']},
    {name: 'gradients', bytes: all, phases: ['layers']},
  ]
}

/** A weight's gradient passes through an array of its own where more than one run adds to it; the head's stays there. */
function passingGradients(
  {model, isAccumulated = false}: EngineWork,
  rows: number,
  tokens: number,
  limits: RunLimits,
): MemoryPart[] {
  const {heads: before, feedForward: after} = layerParameters(model, anyLayer)
  const passing = (runs: number, parameters: readonly Parameter[]) =>
    isAccumulated || runs > 1 ? gradientBytes(model, parameters) : 0
  return [
    {name: 'gradients', bytes: passing(Math.ceil(tokens / limits.tokens), headParameters(model))},
    {name: 'gradients', bytes: passing(Math.ceil(rows / limits.rows), [...before, ...after]), phases: ['layers']},
  ]
}

function gradientBytes(model: ModelConfig, parameters: readonly Parameter[]): number {
  return float * countOf(trainedAmong(model, parameters))
}

/** Sizes of the spans that rows are cut into; there are at most two. */
function sizesOf(rows: Span, most: number): number[] {
  return [...new Set(cut(rows, most).map(({from, to}) => to - from))]
}

/** One block of every shape that occurs. */
function ofEveryShape(blocks: readonly AttentionBlock[]): AttentionBlock[] {
  return [...new Map(blocks.map((block) => [JSON.stringify(block.shape), block])).values()]
}
