import type {ModelConfig} from '../../models/model-config.js'
import type {HeadShape} from '../../nn/attention.js'
import {
  type CompletionBlock,
  type ContextBlock,
  completionAttentionGraph,
  contextAttentionGraph,
} from '../graphs/attention-segments.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'
import type {Direction} from '../graphs/layer-segments.js'
import {cutEvenly, type RowLayout, type RunLimits, rowCounts, type Span} from './row-layout.js'

/** One run of attention: queries of some sequences against the rows that they may attend to. Spans count rows. */
export interface AttentionBlock {
  readonly queries: Span
  /** Rows of their own sequences, from the first on. */
  readonly own: Span
  /** Index of the first query in its sequence. */
  readonly firstRow: number
  /** Contexts that the queries belong to. */
  readonly contexts: Span
  /** Static shape; that of completions has a `contextLength`. */
  readonly shape: ContextBlock | CompletionBlock
  /** Whether it has all queries of its sequences: such blocks have few shapes. */
  readonly kind: 'attention' | 'attention-block'
}

/** The graph of a block, whichever layer it is of. */
export function attentionGraph(config: ModelConfig, {shape}: AttentionBlock, direction: Direction): DecoderGraph {
  return 'contextLength' in shape
    ? completionAttentionGraph(config, shape, direction)
    : contextAttentionGraph(config, shape, direction)
}

/** The rows whose keys and values a block reads, by what their names in its graph begin with. */
export function keySpans({queries, own, contexts, shape}: AttentionBlock): [string, Span][] {
  if (!('contextLength' in shape)) return [['', own]]
  const {contextLength} = shape
  const context = {from: contexts.from * contextLength, to: contexts.to * contextLength}
  const ofOwn: [string, Span][] = shape.queries === shape.keys ? [] : [['own_', own]]
  return [['', queries], ...ofOwn, ['context_', context]]
}

/** Rows of all keys that a block reads. */
export function keyRows(block: AttentionBlock): number {
  return keySpans(block).reduce((sum, [, span]) => sum + sizeOf(span), 0)
}

/** Fewest queries of a block: products of fewer rows waste the processor. */
const minQueries = 16

/** How many graphs the blocks of one sequence may need: they differ in the keys that the queries see. */
const keyShapes = 8

/** Blocks of the contexts, then of the completions; no block has more scores than allowed, unless 16 queries have. */
export function attentionBlocks(
  model: HeadShape,
  layout: RowLayout,
  {scores}: RunLimits,
): {context: AttentionBlock[]; completion: AttentionBlock[]} {
  return {context: contextBlocks(model, layout, scores), completion: completionBlocks(model, layout, scores)}
}

function contextBlocks({heads}: HeadShape, {contexts, contextLength}: RowLayout, scores: number): AttentionBlock[] {
  const block = (sequences: Span, queries: Span, keys: number): AttentionBlock => ({
    ...spansOf(sequences, {start: 0, length: contextLength}, queries, keys),
    contexts: sequences,
    kind: kindOf(queries, contextLength),
    shape: {sequences: sizeOf(sequences), queries: sizeOf(queries), keys},
  })
  const together = Math.floor(scores / (heads * contextLength ** 2))
  if (together >= 1)
    return cutEvenly(contexts, together).map((sequences) =>
      block(sequences, {from: 0, to: contextLength}, contextLength),
    )
  const queryBlocks = cutQueries(contextLength, scores / (heads * contextLength))
  return cutEvenly(contexts, 1).flatMap((one) => queryBlocks.map(({queries, keys}) => block(one, queries, keys)))
}

function completionBlocks({heads}: HeadShape, layout: RowLayout, scores: number): AttentionBlock[] {
  const {contexts, contextLength, groupSize: G, completionLength: Tg} = layout
  if (G === 0) return []
  const start = rowCounts(layout).context
  const block = (within: Span, completions: Span, queries: Span, keys: number): AttentionBlock => ({
    ...spansOf(completions, {start, length: Tg}, queries, keys),
    contexts: within,
    kind: kindOf(queries, Tg),
    shape: {
      contexts: sizeOf(within),
      groupSize: sizeOf(completions) / sizeOf(within),
      contextLength,
      queries: sizeOf(queries),
      keys,
    },
  })
  const all = {from: 0, to: Tg}
  const perCompletion = heads * Tg * (1 + contextLength + Tg)
  const together = Math.floor(scores / (G * perCompletion))
  if (together >= 1)
    return cutEvenly(contexts, together).map((some) => block(some, {from: some.from * G, to: some.to * G}, all, Tg))
  const pieces = cutEvenly(G, Math.max(1, Math.floor(scores / perCompletion)))
  const queryBlocks =
    perCompletion <= scores ? [{queries: all, keys: Tg}] : cutQueries(Tg, scores / (heads * (1 + contextLength + Tg)))
  return cutEvenly(contexts, 1).flatMap((one) =>
    pieces.flatMap((piece) => {
      const completions = {from: one.from * G + piece.from, to: one.from * G + piece.to}
      return queryBlocks.map(({queries, keys}) => block(one, completions, queries, keys))
    }),
  )
}

/** The rows of a block: some queries of one sequence and the first keys of it, or several sequences whole. */
function spansOf(
  sequences: Span,
  {start, length}: {readonly start: number; readonly length: number},
  queries: Span,
  keys: number,
): Pick<AttentionBlock, 'queries' | 'own' | 'firstRow'> {
  const [from, to] = [start + sequences.from * length, start + sequences.to * length]
  const firstRow = queries.from
  if (sizeOf(sequences) > 1) return {queries: {from, to}, own: {from, to}, firstRow}
  return {queries: {from: from + queries.from, to: from + queries.to}, own: {from, to: from + keys}, firstRow}
}

function kindOf(queries: Span, length: number): AttentionBlock['kind'] {
  return sizeOf(queries) === length ? 'attention' : 'attention-block'
}

function sizeOf({from, to}: Span): number {
  return to - from
}

/** Queries of a sequence in blocks of equal size, each with the keys it sees rounded up, so that few graphs serve all. */
function cutQueries(length: number, most: number): {queries: Span; keys: number}[] {
  const size = Math.min(length, Math.max(minQueries, Math.floor(most)))
  const quantum = Math.max(size, Math.ceil(length / keyShapes))
  return cutEvenly(length, size).map((queries) => ({
    queries,
    keys: Math.min(length, Math.ceil(queries.to / quantum) * quantum),
  }))
}
