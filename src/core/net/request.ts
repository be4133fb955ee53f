import {setTimeout as sleep} from 'node:timers/promises'
import {DataError, Interrupted, RuntimeFailure} from '../util/errors.js'
import {fetchThrough, type Proxies} from './proxy.js'
import {serverWords} from './server-words.js'

/** A server that something is fetched from, and what to say where that fails. */
export interface Connection {
  /** What is fetched, in words, e.g. `proxy hf:owner/name@v1`; begins every error. */
  readonly label: string
  /** Begins errors of what is not found or reached. */
  readonly sought: string
  /** Address without a slash at the end. */
  readonly endpoint: string
  /** Value of the header `authorization`, sent to the endpoint's own origin alone; null for none. No error shows it. */
  readonly authorization: string | null
  /** Null for none. */
  readonly proxies: Proxies | null
  /** No connection is opened. */
  readonly isOffline: boolean
  readonly signal: AbortSignal
  /** Pauses between attempts, milliseconds; one attempt more than there are pauses. */
  readonly delaysMs: readonly number[]
  /** Longest silence of a connection, milliseconds. */
  readonly idleMs: number
  /** What to try where the server is not reached. */
  readonly unreached: readonly string[]
  /** What to try where something arrives that was not listed. */
  readonly distrusted: readonly string[]
  /** What the user is told who stops it, e.g. `download stopped; what was downloaded is kept`. */
  readonly stopped: string
  /**
   * What a refusal means, and what to try.
   *
   * @param code that the server gives besides the status; empty for none
   * @param words of the server; empty for none
   */
  explain(status: number, code: string, words: string): readonly [message: string, suggestions: readonly string[]]
}

/** A failure that may pass: a broken connection, a busy server. */
export class TransientFailure extends Error {
  /**
   * @param waitMs pause that the server asks for, milliseconds
   * @param status of the answer; null where none came
   */
  constructor(
    message: string,
    cause?: unknown,
    readonly waitMs = 0,
    readonly status: number | null = null,
  ) {
    super(message, {cause})
  }
}

/** What a server refused, for those who go on in another way where it has no such thing. */
export class RefusedRequest extends DataError {
  override name = 'DataError'

  constructor(
    message: string,
    suggestions: readonly string[],
    readonly status: number,
    /** As the server names the reason; empty where it does not. */
    readonly code: string,
  ) {
    super(message, {suggestions})
  }
}

const busy: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
const longestWaitMs = 60_000

/**
 * Sends one request. What authorizes it goes to the endpoint's own origin; `fetch` drops it where a redirect leads elsewhere.
 *
 * @returns a response of status 2xx
 * @throws {TransientFailure} when asking again may help
 * @throws {RefusedRequest} when the server refuses or has no such thing
 */
export async function ask(connection: Connection, url: string, init: RequestInit = {}): Promise<Response> {
  const {endpoint, authorization, proxies, isOffline} = connection
  if (isOffline) throw new RuntimeFailure(`${connection.label}: a request was to be sent while offline`)
  const headers = new Headers(init.headers)
  headers.set('user-agent', 'rpt')
  if (authorization && isSameOrigin(url, endpoint)) headers.set('authorization', authorization)
  const send = await fetchThrough(proxies)
  const response = await connected(connection, () =>
    send(url, {
      ...init,
      headers,
      signal: init.signal ?? AbortSignal.any([connection.signal, AbortSignal.timeout(connection.idleMs)]),
    }),
  )
  if (response.ok) return response
  throw refusal(connection, response, await serverWords(response))
}

/** Runs `body`, which reads from the network, and says of its failures that they may pass. */
export async function connected<T>(connection: Connection, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (connection.signal.aborted) throw stopped(connection)
    if (!(error instanceof Error && isOfNetwork(error))) throw error
    throw new TransientFailure(reasonOf(error), error)
  }
}

/** Whether fetch, its streams or its reader of JSON threw this; other type errors have no cause. */
function isOfNetwork(error: Error): boolean {
  const isBroken = error instanceof TypeError && error.cause instanceof Error
  return isBroken || error instanceof DOMException || error instanceof SyntaxError
}

/**
 * Repeats `body` while its failures may pass.
 *
 * @param progressed whether the last attempt brought something new, so that counting starts again
 * @throws {RuntimeFailure} naming the last failure
 */
export async function persist<T>(connection: Connection, body: () => Promise<T>, progressed = () => false): Promise<T> {
  const {delaysMs, signal, sought, endpoint, proxies, unreached} = connection
  for (let failures = 0; ; failures++) {
    try {
      return await body()
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error
      if (progressed()) failures = 0
      if (failures >= delaysMs.length)
        throw new RuntimeFailure(`${sought}: ${endpoint}: ${error.message}, ${failures + 1} times`, {
          cause: error,
          suggestions: [
            ...unreached,
            ...(proxies ? ['check HTTPS_PROXY, HTTP_PROXY and NO_PROXY: requests go through a proxy'] : []),
          ],
        })
      const pause = Math.max(delaysMs[failures], Math.min(error.waitMs, longestWaitMs))
      await sleep(pause, undefined, {signal}).catch(() => {
        throw stopped(connection)
      })
    }
  }
}

/** What to throw once the signal is aborted. */
export function stopped({label, stopped: words}: Connection): Interrupted {
  return new Interrupted(`${label}: ${words}`)
}

/** The innermost reason that fetch gives, e.g. `connection refused (ECONNREFUSED)`. */
function reasonOf(error: Error): string {
  const causes: Error[] = [error]
  while (causes[0].cause instanceof Error) causes.unshift(causes[0].cause)
  const {message, name} = causes[0]
  if (name === 'SyntaxError') return 'the answer is not JSON'
  const {code} = causes[0] as NodeJS.ErrnoException
  const told = typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message
  return name === 'TimeoutError' ? 'no answer in time' : `connection failed: ${told || code}`
}

function isSameOrigin(url: string, endpoint: string): boolean {
  return new URL(url).origin === new URL(endpoint).origin
}

/** Of S3, with status 400: a body came too slowly. */
const tooSlow = /^RequestTimeout\b/

function mayPass({status, redirected}: Response, words: string, isForeign: boolean): boolean {
  // The address that a redirect gives is signed for a while only; the next attempt gets a new one.
  return busy.has(status) || status === 416 || (isForeign && redirected) || tooSlow.test(words)
}

/** Of a server that keeps files for the endpoint: what the endpoint's refusals mean says nothing about it. */
function foreignRefusal({sought}: Connection, {status, url}: Response, words: string): RefusedRequest {
  const said = words === '' ? '' : `: ${words}`
  const suggestions = [
    'run it again: addresses of files hold for a while only',
    'if it stays so, check the clock and the proxy of this machine',
  ]
  return new RefusedRequest(`${sought}: ${new URL(url).host} refused${said} (${status})`, suggestions, status, '')
}

function refusal(connection: Connection, response: Response, words: string): Error {
  const {sought, endpoint, explain} = connection
  const {status, headers, url} = response
  const isForeign = !isSameOrigin(url, endpoint)
  if (mayPass(response, words, isForeign)) {
    const seconds = Number(headers.get('retry-after')) || 0
    const who = isForeign ? `${new URL(url).host} ` : ''
    const said = words === '' ? '' : ` (${words})`
    return new TransientFailure(`${who}answered ${status}${said}`, undefined, seconds * 1000, status)
  }
  if (isForeign) return foreignRefusal(connection, response, words)
  const code = headers.get('x-error-code') ?? ''
  const [message, suggestions] = explain(status, code, words)
  return new RefusedRequest(`${sought}: ${message} (${status}${code && ` ${code}`})`, suggestions, status, code)
}
