import {setTimeout as sleep} from 'node:timers/promises'
import {DataError, Interrupted, RuntimeFailure} from '../util/errors.js'
import type {HubAddress} from './address.js'
import {fetchThrough} from './proxy.js'
import type {HubSettings} from './settings.js'

/** What every request to the Hub needs to know. */
export interface Remote {
  readonly address: HubAddress
  readonly settings: HubSettings
  readonly signal: AbortSignal
  /** Pauses between attempts, milliseconds; one attempt more than there are pauses. */
  readonly delaysMs: readonly number[]
  /** Longest silence of a connection, milliseconds. */
  readonly idleMs: number
}

/** A failure that may pass: a broken connection, a busy server. */
export class TransientFailure extends Error {
  /** @param waitMs pause that the server asks for, milliseconds */
  constructor(
    message: string,
    cause?: unknown,
    readonly waitMs = 0,
  ) {
    super(message, {cause})
  }
}

const busy: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
const longestWaitMs = 60_000

/**
 * Sends one request. The token goes to the endpoint's own origin; `fetch` drops it where a redirect leads elsewhere.
 *
 * @returns a response of status 2xx
 * @throws {TransientFailure} when asking again may help
 * @throws {DataError} when the Hub refuses or has no such thing
 */
export async function ask(remote: Remote, url: string, init: RequestInit = {}): Promise<Response> {
  const {endpoint, token, proxies, isOffline} = remote.settings
  if (isOffline) throw new RuntimeFailure(`${remote.address.label}: a request was to be sent while offline`)
  const headers = new Headers(init.headers)
  headers.set('user-agent', 'rpt')
  if (token && isSameOrigin(url, endpoint)) headers.set('authorization', `Bearer ${token}`)
  const send = await fetchThrough(proxies)
  const response = await connected(remote, () =>
    send(url, {
      ...init,
      headers,
      signal: init.signal ?? AbortSignal.any([remote.signal, AbortSignal.timeout(remote.idleMs)]),
    }),
  )
  if (response.ok) return response
  await response.body?.cancel()
  throw refusal(remote, response)
}

/** Runs `body`, which reads from the network, and says of its failures that they may pass. */
export async function connected<T>(remote: Remote, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (remote.signal.aborted) throw stopped(remote)
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
export async function persist<T>(remote: Remote, body: () => Promise<T>, progressed = () => false): Promise<T> {
  const {delaysMs, signal, address, settings} = remote
  for (let failures = 0; ; failures++) {
    try {
      return await body()
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error
      if (progressed()) failures = 0
      if (failures >= delaysMs.length)
        throw new RuntimeFailure(`${address.sought}: ${settings.endpoint}: ${error.message}, ${failures + 1} times`, {
          cause: error,
          suggestions: [
            ...address.hints,
            'check the connection and run it again: what was downloaded is kept',
            ...(settings.proxies ? ['check HTTPS_PROXY, HTTP_PROXY and NO_PROXY: requests go through a proxy'] : []),
            'HF_HUB_OFFLINE=1 uses what the cache has; HF_ENDPOINT names a mirror',
          ],
        })
      const pause = Math.max(delaysMs[failures], Math.min(error.waitMs, longestWaitMs))
      await sleep(pause, undefined, {signal}).catch(() => {
        throw stopped(remote)
      })
    }
  }
}

/** What to throw once the signal is aborted. */
export function stopped({address}: Remote): Interrupted {
  return new Interrupted(`${address.label}: download stopped; what was downloaded is kept`)
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

function refusal(remote: Remote, {status, headers, url}: Response): Error {
  const {address, settings} = remote
  const isForeign = !isSameOrigin(url, settings.endpoint)
  // The address that a redirect gives is signed for a while only; the next attempt gets a new one.
  if (busy.has(status) || status === 416 || isForeign) {
    const seconds = Number(headers.get('retry-after')) || 0
    return new TransientFailure(
      `${isForeign ? `${new URL(url).host} ` : ''}answered ${status}`,
      undefined,
      seconds * 1000,
    )
  }
  const code = headers.get('x-error-code') ?? ''
  const [message, suggestions] = explain(remote, status, code)
  return new DataError(`${address.sought}: ${message} (${status}${code && ` ${code}`})`, {suggestions})
}

function explain({address, settings}: Remote, status: number, code: string): [string, string[]] {
  const {id, kind, revision, hints} = address
  const spelling = hints.length > 0 ? hints : ['check the spelling']
  const page = `${settings.endpoint}/${kind === 'dataset' ? 'datasets/' : ''}${id}`
  const tokenHint = settings.token
    ? 'check that the token (HF_TOKEN, or of hf auth login) may read it'
    : 'set HF_TOKEN or run hf auth login if it is private or gated'
  if (code === 'GatedRepo') return [`the ${kind} is gated`, [`ask for access at ${page}`, tokenHint]]
  if (code === 'RevisionNotFound') return [`the ${kind} has no revision ${revision}`, [`see ${page}/commits`]]
  if (code === 'EntryNotFound') return [`the ${kind} has lost a file that it lists`, [`see ${page}/tree/${revision}`]]
  if (status === 404) return [`there is no such ${kind} at ${settings.endpoint}`, [...spelling, tokenHint]]
  if (status === 401 && settings.token) return ['the token is not accepted', [tokenHint, 'run hf auth login again']]
  if (status === 401) return [`there is no such ${kind}, or it is not public`, [...spelling, tokenHint]]
  if (status === 403) return [`access to the ${kind} is denied`, [`ask for access at ${page}`, tokenHint]]
  return [`${settings.endpoint} refused`, ['check HF_ENDPOINT', `see ${page}`]]
}
