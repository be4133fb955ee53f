import {createHash} from 'node:crypto'
import {checkDevice} from '../runtime/providers.js'
import {Session, type SessionOptions} from '../runtime/session.js'
import type {DecoderGraph} from './graphs/decoder-graph.js'

/** Sessions kept compiled at most; each holds its own memory arena. */
const capacity = 16

/** Compiled graphs by what they compute and in which shape; the least recently used one goes first. */
export class SessionCache {
  private readonly sessions = new Map<string, Promise<Session>>()

  constructor(private options: SessionOptions) {}

  /** The session for a graph, compiled on first use. `key` must determine the graph. */
  async get(kind: string, key: object, build: () => DecoderGraph): Promise<Session> {
    const id = createHash('sha256')
      .update(JSON.stringify([kind, key]))
      .digest('hex')
    const cached = this.sessions.get(id)
    const session = cached ?? Session.compile(build().op.graph, this.options)
    this.sessions.delete(id)
    this.sessions.set(id, session)
    if (this.sessions.size > capacity) await this.dropOldest()
    return session
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
    const [id, session] = this.sessions.entries().next().value!
    this.sessions.delete(id)
    // One that did not compile has nothing to free; whoever asked for it was told.
    await session.then(
      (compiled) => compiled.release(),
      () => undefined,
    )
  }
}
