import {freeOutput} from '../../runtime/output-memory.js'
import type {TensorData} from '../../runtime/session.js'
import {maxOf, minOf} from '../../util/extremes.js'
import {decodingStepGraph, type StepShape} from '../graphs/decoding-step.js'
import {stepShape} from '../graphs/shapes.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState} from '../state/model-state.js'
import {type CacheSlot, ContextCaches} from './context-caches.js'
import {OwnCaches, type Seat} from './own-caches.js'
import type {RolloutRequest} from './rollout-request.js'
import type {Sample} from './sample.js'

/** A context that was computed, and the samples that continue it. */
export interface PrefilledContext {
  readonly cache: CacheSlot
  /** The last token of the prompt, which the first step feeds. */
  readonly lastId: number
  readonly samples: readonly Sample[]
}

interface Row {
  readonly sample: Sample
  /** Where its own caches lie. */
  seat: Seat
  nextId: number
}

interface Member {
  cache: CacheSlot
  rows: Row[]
}

/**
 * The contexts being continued, in the layout of `decodingStepGraph`: places for contexts, G seats for rows in each.
 * Who arrives takes a place that is free; only when half of the seats are idle, and nobody waits, do those that are
 * left move together.
 */
export class DecodingBatch {
  /** By place; null where it is free. */
  private places: (Member | null)[] = []
  private shape: StepShape = {contexts: 0, groupSize: 0, contextLength: 0, capacity: 0, isEven: true, positions: 0}
  private contexts: ContextCaches
  private own: OwnCaches

  constructor(
    private readonly state: ModelState,
    private readonly sessions: SessionCache,
    private readonly request: RolloutRequest,
  ) {
    this.contexts = new ContextCaches(state.config, [], 0)
    this.own = new OwnCaches(state.config, this.shape)
  }

  private get members(): Member[] {
    return this.places.filter((member) => member !== null)
  }

  private get rows(): Row[] {
    return this.members.flatMap(({rows}) => rows)
  }

  /** Contexts that have unfinished samples. */
  get size(): number {
    return this.members.length
  }

  get isEmpty(): boolean {
    return this.size === 0
  }

  /** Takes in contexts, at most as many as have left since the first ones came. */
  admit(contexts: readonly PrefilledContext[]): void {
    const arrived = contexts.map(({cache, lastId, samples}): Member => {
      return {cache, rows: samples.map((sample, row) => ({sample, seat: {place: 0, row}, nextId: lastId}))}
    })
    if (this.isEmpty) this.open(arrived)
    for (const member of arrived) {
      const place = this.places.indexOf(null)
      this.places[place] = member
      for (const row of member.rows) row.seat = {...row.seat, place}
    }
    this.layOutContexts()
  }

  /** Draws one token for every row; `mayShrink` says that no more contexts will come. */
  async step(mayShrink: boolean): Promise<void> {
    const wanted = this.wantedShape(this.members)
    const seats = this.shape.contexts * this.shape.groupSize
    if (mayShrink && 2 * wanted.contexts * wanted.groupSize <= seats) this.moveTogether(wanted)
    this.own.resize(wanted.capacity)
    this.shape = {...this.shape, capacity: this.own.capacity, isEven: wanted.isEven}
    const {sampling} = this.request
    const {temperature, greedy} = sampling
    const session = await this.sessions.get('decoding-step', {...this.shape, temperature, greedy}, () =>
      decodingStepGraph(this.state.config, this.shape, sampling),
    )
    const drawn = await session.run(this.feeds())
    const entries = drawn.entries as Float32Array
    for (const row of this.rows) {
      const at = this.indexOf(row)
      this.own.write(entries, row.seat, row.sample.length)
      row.nextId = Number(drawn.tokens[at])
      row.sample.push(row.nextId, Number(drawn.old_logprobs[at]), Number(drawn.margins[at]))
    }
    freeOutput(entries)
    for (const member of this.members) member.rows = member.rows.filter(({sample}) => !sample.isFinished)
    this.places = this.places.map((member) => (member && member.rows.length > 0 ? member : null))
  }

  /** The smallest layout for some contexts. */
  private wantedShape(members: readonly Member[]): StepShape {
    const {contextsPerBatch, maxTokens, prompts} = this.request
    const sampled = members.flatMap(({rows}) => rows.map(({sample}) => sample.length))
    return stepShape({
      contexts: members.length,
      groupSize: prompts[0].streams.length,
      unfinished: maxOf(members.map(({rows}) => rows.length)),
      contextsPerBatch,
      contextTokens: maxOf(members.map(({cache}) => cache.length)),
      sampledTokens: maxOf(sampled),
      fewestTokens: minOf(sampled),
      maxTokens,
    })
  }

  /** Begins a layout for the contexts that come first. */
  private open(first: readonly Member[]): void {
    this.shape = this.wantedShape(first)
    this.places = new Array(this.shape.contexts).fill(null)
    this.own = new OwnCaches(this.state.config, this.shape)
  }

  /** Moves contexts and rows to the first places and seats of a smaller layout. */
  private moveTogether({contexts, groupSize}: StepShape): void {
    const members = this.members
    const seats = members.map(({rows}) => rows.map(({seat}) => seat))
    this.own.keep({contexts, groupSize}, seats)
    members.forEach(({rows}, place) => {
      rows.forEach((each, row) => {
        each.seat = {place, row}
      })
    })
    this.places = Array.from({length: contexts}, (_, place) => members[place] ?? null)
    this.shape = {...this.shape, contexts, groupSize}
    this.layOutContexts()
  }

  /** Copies the caches of the contexts to their places, as long as the longest of them. */
  private layOutContexts(): void {
    const {contextLength, positions} = this.wantedShape(this.members)
    this.shape = {...this.shape, contextLength, positions}
    this.contexts = new ContextCaches(
      this.state.config,
      this.places.map((member) => member?.cache ?? null),
      contextLength,
    )
    this.places.forEach((member, place) => {
      if (member) member.cache = this.contexts.slots[place]!
    })
  }

  /** Number of a row among the P * G of a step. */
  private indexOf({seat: {place, row}}: Row): number {
    return place * this.shape.groupSize + row
  }

  private feeds(): Record<string, TensorData> {
    const seats = this.shape.contexts * this.shape.groupSize
    const ids = new BigInt64Array(seats)
    const ownLengths = new BigInt64Array(seats)
    const uniforms = new Float32Array(seats)
    for (const row of this.rows) {
      const at = this.indexOf(row)
      ids[at] = BigInt(row.nextId)
      ownLengths[at] = BigInt(row.sample.length)
      uniforms[at] = row.sample.uniformAt(row.sample.length)
    }
    return {
      ...this.state.feeds(this.shape.positions),
      ...this.contexts.feeds(),
      ...this.own.feeds(),
      ids,
      own_lengths: ownLengths,
      uniforms,
    }
  }
}
