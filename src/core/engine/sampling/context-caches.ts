import type {ModelConfig} from '../../models/model-config.js'
import type {TensorData} from '../../runtime/session.js'

/** Keys and values of one context: a slot of arrays [slots, K, capacity, D], keys and values of each layer in turn. */
export interface CacheSlot {
  readonly caches: readonly Float32Array[]
  readonly slot: number
  readonly capacity: number
  /** Entries that count. */
  readonly length: number
}

/** Keys and values of the contexts of a batch, as inputs of `decodingStepGraph`: [P, K, Tc, D]. */
export class ContextCaches {
  /** By place; null where it is free. */
  readonly slots: readonly (CacheSlot | null)[]
  private readonly caches: readonly Float32Array[]

  /** Copies contexts to their places, each with room for `contextLength` tokens. */
  constructor(
    {kvHeads, headSize, layers}: ModelConfig,
    contexts: readonly (CacheSlot | null)[],
    contextLength: number,
  ) {
    const size = contexts.length * kvHeads * contextLength * headSize
    this.caches = Array.from({length: 2 * layers}, () => new Float32Array(size))
    this.slots = contexts.map((from, slot) => {
      if (!from) return null
      const to = {caches: this.caches, slot, capacity: contextLength, length: from.length}
      copyCache(from, to, kvHeads, headSize)
      return to
    })
  }

  feeds(): Record<string, TensorData> {
    const lengths = BigInt64Array.from(this.slots, (slot) => BigInt(slot?.length ?? 0))
    const caches = this.caches.map((cache, i) => [
      `context_${i % 2 === 0 ? 'keys' : 'values'}_${Math.floor(i / 2)}`,
      cache,
    ])
    return {...Object.fromEntries(caches), context_lengths: lengths}
  }
}

function copyCache(from: CacheSlot, to: CacheSlot, kvHeads: number, headSize: number): void {
  from.caches.forEach((source, part) => {
    for (let head = 0; head < kvHeads; head++) {
      const start = (from.slot * kvHeads + head) * from.capacity * headSize
      const entries = source.subarray(start, start + from.length * headSize)
      to.caches[part].set(entries, (to.slot * kvHeads + head) * to.capacity * headSize)
    }
  })
}
