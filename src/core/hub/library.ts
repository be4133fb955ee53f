import {ask, connected, persist} from '../net/request.js'
import {DataError} from '../util/errors.js'
import type {Remote} from './remote.js'

/** Asks the Hub through the library; retries failures that may pass. */
export async function inquire<T>(remote: Remote, body: () => Promise<T>): Promise<T> {
  // Who looks something up is waiting in front of the screen: be brief.
  const brief = {...remote, delaysMs: remote.delaysMs.slice(0, 3)}
  try {
    return await persist(brief, () => connected(remote, body))
  } catch (error) {
    throw error instanceof TypeError ? otherAnswer(remote, error) : error
  }
}

/** `fetch` for the library: our headers, our errors. */
export function asker(remote: Remote): typeof fetch {
  return (input, init) => ask(remote, String(input), init)
}

/** The error for an answer that the library could not read, because it has another form. */
export function otherAnswer({address, settings}: Remote, cause: Error): DataError {
  return new DataError(`${address.label}: ${settings.endpoint} does not answer as the Hub does`, {
    suggestions: ['check HF_ENDPOINT'],
    cause,
  })
}
