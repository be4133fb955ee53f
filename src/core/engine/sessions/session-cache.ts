import {createHash} from 'node:crypto'
import type {Graph} from '../../onnx/graph.js'
import {availableMemory} from '../../runtime/machine-memory.js'
import {checkDevice, executionProviders} from '../../runtime/providers.js'
import {Session, type SessionOptions} from '../../runtime/session.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'
import {heldBytes, keepsItsMemory, sessionBudget, sessionCapacity} from './session-memory.js'

/** Sessions that one update uses in turn: the policy's and the reference's. */
const inUse = 2

/** What a graph computes, and whether it is a training graph. */
const isTraining = {
  score: false,
  logprobs: false,
  prefill: false,
  'decoding-step': false,
  'rollout-loop': false,
  policy: true,
  reference: true,
  'language-model': true,
} as const

type GraphKind = keyof typeof isTraining

interface Kept {
  readonly session: Promise<Session>
  /** Memory that it keeps between runs. */
  readonly bytes: number
}

/**
 * Compiled graphs by what they compute and in which shape. Some keep the memory that their runs took, so the least recently
 * used ones go when there are many, when together they would hold more than the budget, or when memory is short.
 */
export class SessionCache {
  private readonly sessions = new Map<string, Kept>()
  private heldBytes = 0

  constructor(
    private options: SessionOptions,
    private readonly budgetBytes = sessionBudget(availableMemory()),
  ) {}

  /**
   * The session for a graph, compiled on first use.
   *
   * @param kind of graph; training graphs may keep their memory, the others, of many shapes, give it back after every run
   * @param key must determine the graph
   */
  async get(kind: GraphKind, key: object, build: () => DecoderGraph): Promise<Session> {
    const id = createHash('sha256')
      .update(JSON.stringify([kind, key]))
      .digest('hex')
    const kept = this.sessions.get(id) ?? (await this.compile(build().op.graph, isTraining[kind]))
    this.sessions.delete(id)
    this.sessions.set(id, kept)
    return kept.session
  }

  private async compile(graph: Graph, hasGradients: boolean): Promise<Kept> {
    const keepsMemory = hasGradients && keepsItsMemory(graph)
    const bytes = heldBytes(graph, keepsMemory)
    const isFull = () =>
      this.sessions.size >= sessionCapacity ||
      this.heldBytes + bytes > this.budgetBytes ||
      bytes > availableMemory('/', 0)
    while (this.sessions.size >= inUse && isFull()) await this.dropOldest()
    this.heldBytes += bytes
    return {session: Session.compile(graph, this.options, keepsMemory), bytes}
  }

  /** Whether runs read what they are fed in place, so that many short ones cost no more than one long one. */
  get readsInPlace(): boolean {
    return executionProviders(this.options.device)[0] === 'cpu'
  }

  /** @throws {RuntimeFailure} when the device is not available */
  checkDevice(): Promise<void> {
    return checkDevice(this.options.device)
  }

  /** Drops all sessions; those compiled from now on use that many threads. */
  async restart(threads: number): Promise<void> {
    await this.release()
    this.options = {...this.options, threads}
  }

  async release(): Promise<void> {
    while (this.sessions.size > 0) await this.dropOldest()
  }

  private async dropOldest(): Promise<void> {
    const [id, {session, bytes}] = this.sessions.entries().next().value!
    this.sessions.delete(id)
    this.heldBytes -= bytes
    // One that did not compile has nothing to free; whoever asked for it was told.
    await session.then(
      (compiled) => compiled.release(),
      () => undefined,
    )
  }
}
