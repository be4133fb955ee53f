import type {ModelConfig} from '../../models/model-config.js'
import {productWidths} from '../graphs/layer-segments.js'

/** Rows of a micro-batch: P contexts of Tc tokens, then the G completions of each, of Tg tokens; G is 0 for plain rows. */
export interface RowLayout {
  readonly contexts: number
  readonly contextLength: number
  readonly groupSize: number
  readonly completionLength: number
}

/** Rows `from` to `to`, not included. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** How much one run computes at the most. */
export interface RunLimits {
  /** Rows of a layer. */
  readonly rows: number
  /** Tokens whose logits are there at once. */
  readonly tokens: number
  /** Scores of attention: heads x queries x keys. */
  readonly scores: number
  /** Bytes of attention's inputs and outputs that are kept, so that their layers need not compute them again. */
  readonly keptBytes: number
  /** Bytes up to which the products of all layers are kept, too, and all arrays stay for the next update. */
  readonly allBytes: number
}

/**
 * Few enough for a run to need little beside the weights, and enough that summing the weights' gradients on the host, once
 * a run, costs little beside it; of narrow models more, so that a run has work for all threads. 16 MiB of scores stay in the
 * processor's cache.
 */
function usualLimits({intermediate, vocabulary}: ModelConfig): RunLimits {
  return {
    rows: Math.max(1024, rowsWithin(9 * 2 ** 20, intermediate)),
    tokens: Math.max(512, rowsWithin(4 * 2 ** 20, vocabulary)),
    scores: 2 ** 22,
    keptBytes: 0.75 * 2 ** 30,
    allBytes: 2 ** 28,
  }
}

/**
 * How much one run computes at the most on a device. Where runs copy what they are fed, those with many rows bring a
 * layer's weights to the device a few times, and attention's keys; it takes more memory there.
 */
export function limitsOn({readsInPlace}: {readonly readsInPlace: boolean}, model: ModelConfig): RunLimits {
  const usual = usualLimits(model)
  if (readsInPlace) return usual
  return {
    ...usual,
    rows: Math.max(usual.rows, rowsWithin(2 ** 29, model.intermediate)),
    tokens: Math.max(usual.tokens, rowsWithin(2 ** 30, model.vocabulary)),
    scores: 2 ** 27,
    allBytes: 0,
  }
}

const float = 4

/** Rows of so many float32 that so many bytes hold, a multiple of 64. */
function rowsWithin(bytes: number, width: number): number {
  return 64 * Math.floor(bytes / (float * width) / 64)
}

/** Layers, from the first on, whose queries, keys, values and attended rows are kept from the forward to the backward pass. */
export function keptLayers(model: ModelConfig, rows: number, {keptBytes}: RunLimits): number {
  return Math.min(model.layers, Math.floor(keptBytes / attentionBytes(model, rows)))
}

/** Whether an update is so small that the products of all layers are kept beside their inputs and their attention. */
export function keepsAll(model: ModelConfig, rows: number, limits: RunLimits): boolean {
  const layerBytes = attentionBytes(model, rows) + productBytes(model, rows) + float * rows * model.hidden
  // Gradients take as much as one layer more.
  return keptLayers(model, rows, limits) === model.layers && (model.layers + 1) * layerBytes <= limits.allBytes
}

/** Bytes of one layer's products that may be kept. */
export function productBytes(model: ModelConfig, rows: number): number {
  return Object.values(productWidths(model)).reduce((sum, width) => sum + float * rows * width, 0)
}

/** Bytes of one layer's queries, keys, values and attended rows. */
export function attentionBytes({heads, kvHeads, headSize}: ModelConfig, rows: number): number {
  return float * rows * 2 * (heads + kvHeads) * headSize
}

/** Rows of contexts, those of completions, and all together. */
export function rowCounts({contexts, contextLength, groupSize, completionLength}: RowLayout) {
  const context = contexts * contextLength
  const completion = contexts * groupSize * completionLength
  return {context, completion, all: context + completion}
}

/** Rows that a model's last layer hands on: nobody reads those of contexts that have completions. */
export function readRows(layout: RowLayout): Span {
  const {context, all} = rowCounts(layout)
  return {from: layout.groupSize > 0 ? context : 0, to: all}
}

/** Spans of equal size, the last one perhaps smaller: of a size of which there are few, so that few graphs serve all. */
export function cut({from, to}: Span, size: number): Span[] {
  return Array.from({length: Math.ceil((to - from) / size)}, (_, i) => ({
    from: from + i * size,
    to: Math.min(to, from + (i + 1) * size),
  }))
}

/** `count` items in spans of at most `size`, as equal as can be. */
export function cutEvenly(count: number, size: number): Span[] {
  return cut({from: 0, to: count}, Math.ceil(count / Math.max(1, Math.ceil(count / size))))
}

/** Rows of an array whose rows have `width` elements; not a copy. */
export function rowsOf(array: Float32Array, {from, to}: Span, width: number): Float32Array {
  return array.subarray(from * width, to * width)
}
