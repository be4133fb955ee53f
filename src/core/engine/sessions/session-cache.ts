import {createHash} from 'node:crypto'
import {hostMemory} from '../../runtime/devices/cpu.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {devices} from '../../runtime/devices.js'
import {Session, type SessionOptions} from '../../runtime/session.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'
import {toPrecision} from '../graphs/to-precision.js'
import type {GraphKind} from './graph-kinds.js'
import {type HeldMemory, heldMemory, sessionBudget, sessionCapacity} from './session-memory.js'

interface Kept extends HeldMemory {
  readonly session: Promise<Session>
}

/**
 * Compiled graphs by what they compute and in which shape. The least recently used one goes when there are many. The first ones that
 * may keep the memory that their runs took; the least recently used of these go when all graphs together would hold more than the
 * budget, or when memory is short.
 */
export class SessionCache {
  private readonly sessions = new Map<string, Kept>()
  private readonly device: DeviceKind
  private readonly availableBytes: number
  private heldBytes = 0

  /** @param availableBytes memory that graphs may have where they run; asked of the device when absent */
  constructor(
    private options: SessionOptions,
    availableBytes?: number,
  ) {
    this.device = devices[options.device]
    this.availableBytes = availableBytes ?? this.device.memory.availableBytes() ?? hostMemory.availableBytes()
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
    const kept = this.sessions.get(id) ?? (await this.compile(kind, build()))
    this.sessions.delete(id)
    this.sessions.set(id, kept)
    return kept.session
  }

  private async compile(kind: GraphKind, decoder: DecoderGraph): Promise<Kept> {
    const graph = toPrecision(decoder, this.options.precision, this.device)
    const held = heldMemory(kind, graph, this.device.memory, this.keptByRuns())
    for (let id = this.inTheWay(held.bytes); id !== undefined; id = this.inTheWay(held.bytes)) await this.drop(id)
    this.heldBytes += held.bytes
    return {session: Session.compile(graph, this.options, held.keepsMemory), ...held}
  }

  private keptByRuns(): number {
    return [...this.sessions.values()].reduce((sum, {keepsMemory, bytes}) => sum + (keepsMemory ? bytes : 0), 0)
  }

  /** The session to drop before one that will hold so much is compiled; undefined where there is room, or nothing would make some. */
  private inTheWay(bytes: number): string | undefined {
    const budgetBytes = sessionBudget(this.availableBytes)
    const isMany = this.sessions.size >= sessionCapacity
    const isShort = this.heldBytes + bytes > budgetBytes || this.isBeyond(bytes)
    // Not the last used, unless there is no room for both: an update takes the policy's and the reference's in turn.
    const dispensable = [...this.sessions].slice(0, this.device.memory.isApart && this.isBeyond(bytes) ? undefined : -1)
    const share = budgetBytes / sessionCapacity
    const holding = dispensable.find(([, held]) => held.keepsMemory || held.bytes > share)
    return (isShort ? holding : undefined)?.[0] ?? (isMany ? dispensable[0][0] : undefined)
  }

  /** Whether there is no room for so much more: the host says what is left, of a device's own memory the graphs have the rest. */
  private isBeyond(bytes: number): boolean {
    const {memory} = this.device
    if (memory.isApart) return this.heldBytes + bytes > this.availableBytes
    return bytes > (memory.availableBytes(0) ?? hostMemory.availableBytes(0))
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
    for (const id of [...this.sessions.keys()]) await this.drop(id)
  }

  private async drop(id: string): Promise<void> {
    const {session, bytes} = this.sessions.get(id)!
    this.sessions.delete(id)
    this.heldBytes -= bytes
    // One that did not compile has nothing to free; whoever asked for it was told.
    await session.then(
      (compiled) => compiled.release(),
      () => undefined,
    )
  }
}
