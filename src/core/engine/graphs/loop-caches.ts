import type {ModelConfig} from '../../models/model-config.js'
import {type CachePage, perSequence} from '../../nn/decoding-attention.js'
import {slotMask} from '../../nn/masks.js'
import {keyLayout, valueLayout} from '../../nn/page-layout.js'
import type {Ops} from '../../onnx/ops.js'
import type {Value} from '../../onnx/types.js'

/** Caches that a loop carries: keys and values of each layer in turn, [N, blocks, panels, tokens, width], empty at first. */
export function emptyCaches(
  op: Ops,
  {layers, headSize}: ModelConfig,
  sequences: number,
  {blocks, tokens}: {blocks: number; tokens: number},
): Value[] {
  const [keys, values] = [keyLayout(tokens, headSize), valueLayout(tokens, headSize)].map(({panels, width}) =>
    op.zeros([sequences, blocks, panels, tokens, width]),
  )
  return Array.from({length: layers}, () => [keys, values]).flat()
}

/** A layer's page of these caches, of which `filled` entries count (a scalar); none where there are no caches. */
export function pageOf(op: Ops, caches: readonly Value[], layer: number, filled: Value): CachePage[] {
  if (caches.length === 0) return []
  const [keys, values] = [caches[2 * layer], caches[2 * layer + 1]]
  const [sequences, blocks, , tokens, headSize] = keys.shape
  const slots = blocks * tokens
  const mask = slotMask(op, filled, slots)
  return [{keys: op.reshape(keys, [sequences, slots, headSize]), values, mask}]
}

/** A cache with the entry [P*G, K, D] at slot `trip` of its one block. */
export function withEntry(op: Ops, cache: Value, entry: Value, trip: Value, contexts: number): Value {
  const [sequences, , panels, , width] = cache.shape
  const ordered = perSequence(op, entry, contexts, entry.shape[1])
  return written(op, cache, op.reshape(ordered, [sequences, 1, panels, 1, width]), trip, 3)
}

/** A cache with the one block of another as block `chunk`. */
export function withBlock(op: Ops, cache: Value, block: Value, chunk: Value): Value {
  return written(op, cache, block, chunk, 1)
}

/** [tokens, rows] with a row [rows] at `trip`. */
export function withRow(op: Ops, all: Value, row: Value, trip: Value): Value {
  return written(op, all, op.reshape(row, [1, ...row.shape]), trip, 0)
}

/** A tensor with another, of size 1 along `axis`, in place `at` of that axis. */
function written(op: Ops, to: Value, what: Value, at: Value, axis: number): Value {
  const indices = op.expand(op.reshape(at, new Array(what.shape.length).fill(1)), what.shape)
  return op.scatterElements(to, indices, what, axis, 'none')
}
