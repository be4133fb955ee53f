import type {CommitProgressEvent} from '@huggingface/hub'
import {ask, connected, persist, stopped, TransientFailure} from '../net/request.js'
import {RuntimeFailure} from '../util/errors.js'
import type {Stage} from '../util/progress.js'
import type {LocalFile} from './local-file.js'
import type {Remote} from './remote.js'

/** Status of a server that was asked too often; it has done nothing then. */
const tooMany = 429

/** Counts the bytes of an upload, file by file. */
export class UploadMeter {
  private readonly sent = new Map<string, number>()
  private readonly sizes: ReadonlyMap<string, number>

  constructor(
    private readonly stage: Stage,
    files: readonly LocalFile[],
  ) {
    this.sizes = new Map(files.map(({path, size}) => [path, size]))
  }

  /** @param bytes that are on their way; less than none where they must be sent again */
  advance(path: string, bytes: number): void {
    this.sent.set(path, (this.sent.get(path) ?? 0) + bytes)
    this.stage.advance(bytes, path)
  }

  /** Counts a file as sent: what the server had already, too. */
  finish(path: string): void {
    const rest = (this.sizes.get(path) ?? 0) - (this.sent.get(path) ?? 0)
    if (rest !== 0) this.advance(path, rest)
  }

  /** Counts all files as sent. */
  finishAll(): void {
    for (const path of this.sizes.keys()) this.finish(path)
  }

  /** Shows what the library says that it does. */
  tell(event: CommitProgressEvent): void {
    if (event.event === 'phase') this.stage.note(event.phase === 'committing' ? 'the commit' : 'comparing')
    else if (event.state === 'hashing') this.stage.note(`reading ${event.path}, ${Math.floor(100 * event.progress)}%`)
    else if (event.state === 'uploading' && event.progress === 1) this.finish(event.path)
  }
}

/** What the library hands to `fetch` besides what `fetch` knows. */
interface SentInit extends RequestInit {
  readonly progressHint?: {readonly path?: string}
}

/**
 * `fetch` for the library while it uploads: again where a failure may pass, a connection given up where no byte moves. The
 * commit itself is sent once, and a user who stops waits for it: otherwise nobody could say whether it was made.
 */
export function sender(remote: Remote, meter: UploadMeter): typeof fetch {
  const commits = `${remote.endpoint}/api/models/${remote.address.id}/commit/`
  return (input, init: SentInit = {}) => {
    const url = String(input)
    return url.startsWith(commits) ? sendCommit(remote, url, init) : sendAgain(remote, url, init, meter)
  }
}

async function sendAgain(remote: Remote, url: string, init: SentInit, meter: UploadMeter): Promise<Response> {
  const path = init.progressHint?.path
  const count = (bytes: number) => {
    if (path !== undefined) meter.advance(path, bytes)
  }
  return persist(remote, async () => {
    const attempt = new Attempt(count)
    try {
      return await send(remote, url, init, (bytes) => attempt.advance(bytes))
    } catch (error) {
      attempt.takeBack()
      // Another file has failed: the library takes all of them back.
      throw init.signal?.aborted ? stopped(remote) : error
    }
  })
}

/** The bytes of one attempt; a stream may be read on for a while after its connection broke. */
class Attempt {
  private sent = 0
  private isOver = false

  constructor(private readonly count: (bytes: number) => void) {}

  advance(bytes: number): void {
    if (this.isOver) return
    this.sent += bytes
    this.count(bytes)
  }

  takeBack(): void {
    this.isOver = true
    if (this.sent > 0) this.count(-this.sent)
  }
}

/** Once: who loses the answer cannot say whether the commit was made. Again only where the server did not take it. */
async function sendCommit(remote: Remote, url: string, {signal: _, ...init}: SentInit): Promise<Response> {
  const patient = {...remote, signal: new AbortController().signal}
  return persist(remote, async () => {
    try {
      const response = await send(patient, url, init, () => {})
      await connected(patient, () => response.clone().json())
      return response
    } catch (error) {
      if (!(error instanceof TransientFailure) || error.status === tooMany) throw error
      throw new RuntimeFailure(`${remote.label}: ${remote.endpoint}: ${error.message}; the commit may have been made`, {
        cause: error,
        suggestions: ['run it again: what has arrived is not sent twice'],
      })
    }
  })
}

/** One request and its answer, which is short; a blob is counted while it is read. */
async function send(remote: Remote, url: string, init: SentInit, advance: (bytes: number) => void): Promise<Response> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new DOMException('silent', 'TimeoutError')), remote.idleMs)
  const moved = (bytes: number) => {
    timer.refresh()
    advance(bytes)
  }
  const body = init.body instanceof Blob ? counted(init.body, moved) : init.body
  const signals = [remote.signal, silence.signal, ...(init.signal ? [init.signal] : [])]
  try {
    const answer = await ask(remote, url, {...init, body, signal: AbortSignal.any(signals)})
    return await connected(remote, () => received(answer))
  } finally {
    clearTimeout(timer)
  }
}

/** An answer of which nothing is on its way any more, so that nobody waits for the rest without end. */
async function received(answer: Response): Promise<Response> {
  const body = await answer.arrayBuffer()
  return new Response(body.byteLength > 0 ? body : null, answer)
}

/** A blob that tells how much of it was read, for `fetch`, which asks for its size and its stream. */
function counted(blob: Blob, read: (bytes: number) => void): Blob {
  const stream = () =>
    blob.stream().pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          read(chunk.byteLength)
          controller.enqueue(chunk)
        },
      }),
    )
  return Object.defineProperties(new Blob([]), {size: {value: blob.size}, stream: {value: stream}})
}
