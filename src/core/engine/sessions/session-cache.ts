import {createHash} from 'node:crypto'
import type {Graph} from '../../onnx/graph.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {devices} from '../../runtime/devices.js'
import {Session, type SessionOptions} from '../../runtime/session.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'
import type {GraphKind} from './graph-kinds.js'
import {heldBytes, inputBytes, keepsItsMemory, sessionBudget, sessionCapacity} from './session-memory.js'

/** Sessions that one update uses in turn: the policy's and the reference's. */
const inUse = 2

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
  private readonly device: DeviceKind
  private readonly budgetBytes: number
  private heldBytes = 0

  constructor(
    private options: SessionOptions,
    budgetBytes?: number,
  ) {
    this.device = devices[options.device]
    this.budgetBytes = budgetBytes ?? sessionBudget(this.device.memory.availableBytes())
  }

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
    const kept = this.sessions.get(id) ?? (await this.compile(kind, build().op.graph))
    this.sessions.delete(id)
    this.sessions.set(id, kept)
    return kept.session
  }

  private async compile(kind: GraphKind, graph: Graph): Promise<Kept> {
    const keepsMemory = keepsItsMemory(kind, inputBytes(graph))
    const {memory} = this.device
    const bytes = heldBytes(graph, keepsMemory, memory)
    const isFull = () =>
      this.sessions.size >= sessionCapacity ||
      this.heldBytes + bytes > this.budgetBytes ||
      bytes > memory.availableBytes(0)
    while (this.sessions.size >= inUse && isFull()) await this.dropOldest()
    this.heldBytes += bytes
    return {session: Session.compile(graph, this.options, keepsMemory), bytes}
  }

  /** Whether runs read what they are fed in place (see DeviceKind). */
  get readsInPlace(): boolean {
    return this.device.readsInPlace
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
