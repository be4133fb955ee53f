import type {TensorData} from '../../runtime/session.js'
import {maxOf} from '../../util/extremes.js'
import {decodingStepGraph, type StepShape} from '../graphs/decoding-step.js'
import {stepShape} from '../graphs/shapes.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState} from '../state/model-state.js'
import type {RolloutRequest} from './rollout-request.js'
import type {Sample} from './sample.js'

/** Keys and values of one sequence: a slot of arrays [slots, K, capacity, D], keys and values of each layer in turn. */
interface CacheSlot {
  readonly caches: readonly Float32Array[]
  readonly slot: number
  readonly capacity: number
  /** Entries that count. */
  readonly length: number
}

/** A context that was computed, and the samples that continue it. */
export interface PrefilledContext {
  readonly cache: CacheSlot
  /** The last token of the prompt, which the first step feeds. */
  readonly lastId: number
  readonly samples: readonly Sample[]
}

interface Row {
  readonly sample: Sample
  cache: CacheSlot
  nextId: number
}

interface Member {
  cache: CacheSlot
  rows: Row[]
}

/**
 * The contexts being continued, in the layout of `decodingStepGraph`. Every change of layout copies all caches, so it
 * changes only when the caches are full, contexts arrive, or half of the rows are idle.
 */
export class DecodingBatch {
  private members: Member[] = []
  private shape: StepShape = {contexts: 0, groupSize: 0, contextLength: 0, capacity: 0, positions: 0}
  /** Rows in the order of the layout; those that nobody waits for are null. */
  private seats: (Row | null)[] = []
  private feeds: Record<string, TensorData> = {}
  private ownCaches: readonly Float32Array[] = []

  constructor(
    private readonly state: ModelState,
    private readonly sessions: SessionCache,
    private readonly request: RolloutRequest,
  ) {}

  /** Contexts that have unfinished samples. */
  get size(): number {
    return this.members.length
  }

  get isEmpty(): boolean {
    return this.members.length === 0
  }

  /** Takes in contexts. */
  admit(contexts: readonly PrefilledContext[]): void {
    const empty = {caches: [], slot: 0, capacity: 0, length: 0}
    const arrived = contexts.map(({cache, lastId, samples}) => ({
      cache,
      rows: samples.map((sample) => ({sample, cache: empty, nextId: lastId})),
    }))
    for (const member of arrived) this.members.push(member)
    this.layOut()
  }

  /** Draws one token for every row; `mayShrink` says that no more contexts will come. */
  async step(mayShrink: boolean): Promise<void> {
    const wanted = this.wantedShape()
    const isHalfIdle = 2 * wanted.contexts * wanted.groupSize <= this.seats.length
    if (wanted.capacity > this.shape.capacity || (mayShrink && isHalfIdle)) this.layOut()
    const {sampling} = this.request
    const {temperature, greedy} = sampling
    const session = await this.sessions.get('decoding-step', {...this.shape, temperature, greedy}, () =>
      decodingStepGraph(this.state.config, this.shape, sampling),
    )
    const drawn = await session.run({...this.feeds, ...this.rowInputs()})
    this.keepEntries(drawn.entries as Float32Array)
    this.seats.forEach((row, seat) => {
      if (!row) return
      row.nextId = Number(drawn.tokens[seat])
      row.cache = {...row.cache, length: row.cache.length + 1}
      row.sample.push(row.nextId, Number(drawn.old_logprobs[seat]), Number(drawn.margins[seat]))
      if (row.sample.isFinished) this.seats[seat] = null
    })
    for (const member of this.members) member.rows = member.rows.filter(({sample}) => !sample.isFinished)
    this.members = this.members.filter(({rows}) => rows.length > 0)
  }

  /** The smallest layout for the rows at hand. */
  private wantedShape(): StepShape {
    const {contextsPerBatch, maxTokens, prompts} = this.request
    return stepShape({
      contexts: this.members.length,
      groupSize: prompts[0].streams.length,
      unfinished: maxOf(this.members.map(({rows}) => rows.length)),
      contextsPerBatch,
      contextTokens: maxOf(this.members.map(({cache}) => cache.length)),
      sampledTokens: maxOf(this.members.flatMap(({rows}) => rows.map(({cache}) => cache.length))),
      maxTokens,
    })
  }

  /** Copies the caches of all members into the layout that fits them. */
  private layOut(): void {
    const shape = this.wantedShape()
    const {kvHeads, headSize, layers} = this.state.config
    const allocate = (count: number, length: number) =>
      Array.from({length: 2 * layers}, () => new Float32Array(count * kvHeads * length * headSize))
    const contextCaches = allocate(shape.contexts, shape.contextLength)
    const ownCaches = allocate(shape.contexts * shape.groupSize, shape.capacity)
    const move = (from: CacheSlot, caches: readonly Float32Array[], slot: number, capacity: number): CacheSlot => {
      const to = {caches, slot, capacity, length: from.length}
      copyCache(from, to, kvHeads, headSize)
      return to
    }
    this.seats = new Array(shape.contexts * shape.groupSize).fill(null)
    this.members.forEach((member, context) => {
      member.cache = move(member.cache, contextCaches, context, shape.contextLength)
      member.rows.forEach((row, g) => {
        const seat = context * shape.groupSize + g
        row.cache = move(row.cache, ownCaches, seat, shape.capacity)
        this.seats[seat] = row
      })
    })
    this.shape = shape
    this.ownCaches = ownCaches
    this.feeds = {
      ...this.state.feeds(shape.positions),
      ...cacheFeeds('context', contextCaches),
      ...cacheFeeds('own', ownCaches),
      context_lengths: lengthsOf(this.members, shape.contexts),
    }
  }

  private rowInputs() {
    const ids = new BigInt64Array(this.seats.length)
    const ownLengths = new BigInt64Array(this.seats.length)
    const uniforms = new Float32Array(this.seats.length)
    this.seats.forEach((row, seat) => {
      if (!row) return
      ids[seat] = BigInt(row.nextId)
      ownLengths[seat] = BigInt(row.cache.length)
      uniforms[seat] = row.sample.uniformAt(row.sample.length)
    })
    return {ids, own_lengths: ownLengths, uniforms}
  }

  /** Writes this step's keys and values, [2 * layers, rows, K, D], behind those that the rows have. */
  private keepEntries(entries: Float32Array): void {
    const {kvHeads, headSize} = this.state.config
    const {capacity} = this.shape
    const rows = this.seats.length
    this.ownCaches.forEach((cache, part) => {
      for (let seat = 0; seat < rows; seat++) {
        const length = this.seats[seat]?.cache.length
        if (length === undefined) continue
        for (let head = 0; head < kvHeads; head++) {
          const from = ((part * rows + seat) * kvHeads + head) * headSize
          const to = ((seat * kvHeads + head) * capacity + length) * headSize
          cache.set(entries.subarray(from, from + headSize), to)
        }
      }
    })
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

function cacheFeeds(whose: string, caches: readonly Float32Array[]): Record<string, TensorData> {
  return Object.fromEntries(
    caches.map((cache, i) => [`${whose}_${i % 2 === 0 ? 'keys' : 'values'}_${Math.floor(i / 2)}`, cache]),
  )
}

function lengthsOf(members: readonly Member[], contexts: number): BigInt64Array {
  return BigInt64Array.from({length: contexts}, (_, i) => BigInt(members[i]?.cache.length ?? 0))
}
