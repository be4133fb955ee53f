import {createServer, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {ask, type Connection, persist} from '../../../src/core/net/request.js'
import {DataError, RuntimeFailure} from '../../../src/core/util/errors.js'

/** The endpoint, which redirects to storage, and storage. */
let servers: Server[]
let endpoint: string
let storage: string
/** What storage was asked for. */
let asked: string[]
let answer: {readonly status: number; readonly body: string}

beforeEach(async () => {
  asked = []
  servers = []
  storage = await listen((url, response) => {
    asked.push(url)
    response.writeHead(answer.status).end(answer.body)
  })
  endpoint = await listen((url, response) => response.writeHead(302, {location: `${storage}${url}`}).end())
})

afterEach(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
})

async function listen(serve: (url: string, response: ServerResponse) => void): Promise<string> {
  const server = createServer({keepAlive: false}, (request, response) => {
    request.resume().on('end', () => serve(request.url!, response.setHeader('connection', 'close')))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The error after a file was sent to an address. */
async function refused(address: string): Promise<Error & {suggestions: readonly string[]}> {
  const connection = {
    ...{label: 'push to hf:me/toy', sought: 'push to hf:me/toy', endpoint, authorization: null, proxies: null},
    ...{isOffline: false, signal: new AbortController().signal, delaysMs: [1, 1], idleMs: 10_000, unreached: []},
  } as unknown as Connection
  return persist(connection, () => ask(connection, address, {method: 'PUT', body: 'weights'})).then(
    () => expect.unreachable(),
    (error) => error,
  )
}

const inXml = (code: string, message: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>1</RequestId></Error>`

it('a file that storage refuses for good is sent once, and the error says why', async () => {
  answer = {status: 403, body: inXml('AccessDenied', 'Request &quot;x&quot; has expired')}
  const error = await refused(`${storage}/weights`)
  expect(error).toBeInstanceOf(DataError)
  expect(error.message).toBe(
    `push to hf:me/toy: ${new URL(storage).host} refused: AccessDenied: Request "x" has expired (403)`,
  )
  expect(error.suggestions.join()).toContain('run it again')
  expect(asked).toEqual(['/weights'])
})

it.each([
  [503, inXml('SlowDown', 'Please reduce your request rate.'), 'answered 503 (SlowDown: Please reduce'],
  [400, inXml('RequestTimeout', 'Your socket was idle.'), 'answered 400 (RequestTimeout: Your socket'],
  [500, '<html><Error><Code>no</Code>', 'answered 500, 3 times'],
])('one that storage refuses for a while is sent again: %i %s', async (status, body, message) => {
  answer = {status, body}
  const error = await refused(`${storage}/weights`)
  expect(error).toBeInstanceOf(RuntimeFailure)
  expect(error.message).toContain(message)
  expect(asked).toHaveLength(3)
})

it('a refusal at an address that a redirect gave may pass: the next attempt gets another one', async () => {
  answer = {status: 403, body: inXml('AccessDenied', 'Request has expired')}
  const error = await refused(`${endpoint}/weights`)
  expect(error.message).toContain('answered 403 (AccessDenied: Request has expired), 3 times')
  expect(asked).toHaveLength(3)
})
