import {proxiesOf} from '../net/proxy.js'
import type {Connection} from '../net/request.js'
import {ask, connected, persist} from '../net/request.js'
import {DataError, UsageError} from '../util/errors.js'
import type {Environment} from './library-search.js'

/** A package with the provider, as an index of Python packages lists it. */
export interface ProviderPackage {
  /** File name. */
  readonly name: string
  readonly url: string
  /** Bytes. */
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
}

/** onnxruntime's package with the CUDA provider. */
const project = 'onnxruntime-gpu'
const listingType = 'application/vnd.pypi.simple.v1+json'
const standardIndex = 'https://pypi.org/simple'

/** How often and how long to try; standard values where absent. */
export type Patience = Partial<Pick<Connection, 'signal' | 'delaysMs' | 'idleMs'>>

/**
 * How the index of Python packages is reached: that of PIP_INDEX_URL, or PyPI.
 *
 * @throws {UsageError} when PIP_INDEX_URL is no http address
 */
export function openIndex(env: Environment, patience: Patience = {}): Connection {
  const {endpoint, authorization} = addressOf(env.PIP_INDEX_URL || standardIndex)
  const label = `package ${project}`
  return {
    label,
    sought: label,
    endpoint,
    authorization,
    proxies: proxiesOf(env),
    isOffline: false,
    signal: new AbortController().signal,
    delaysMs: [500, 1000, 2000, 4000, 8000],
    idleMs: 30_000,
    unreached: ['check the connection and run it again: what was downloaded is kept', 'PIP_INDEX_URL names a mirror'],
    distrusted: ['run it again', 'if it stays so, a proxy or mirror (PIP_INDEX_URL) alters the files'],
    stopped: 'download stopped; what was downloaded is kept',
    explain: (status) => [
      status === 404 ? `there is no such package at ${endpoint}` : `${endpoint} refused`,
      ['check PIP_INDEX_URL'],
    ],
    ...patience,
  }
}

/** An address without the name and password that it may hold, and the header that they make; no error shows them. */
function addressOf(address: string): {endpoint: string; authorization: string | null} {
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new UsageError(
      `PIP_INDEX_URL is ${address.replace(/\/\/.*@/, '//')}; needs an address such as ${standardIndex}`,
    )
  const url = new URL(address)
  const [user, password] = [url.username, url.password].map(decodeURIComponent)
  url.username = url.password = ''
  const authorization = user || password ? `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` : null
  return {endpoint: url.href.replace(/\/+$/, ''), authorization}
}

interface Listing {
  readonly files: readonly {
    readonly filename: string
    readonly url: string
    readonly size?: number
    readonly hashes: {readonly sha256?: string}
    readonly yanked?: boolean | string
  }[]
}

/**
 * The package of one version for Linux on x86-64. There is one for every version of Python, all with the same provider.
 *
 * @throws {DataError} when the index has none, or says not enough of it
 */
export async function findPackage(index: Connection, version: string): Promise<ProviderPackage> {
  const page = `${index.endpoint}/${project}/`
  const {files} = await persist(index, () =>
    connected(index, async () => {
      const response = await ask(index, page, {headers: {accept: listingType}})
      if (response.headers.get('content-type')?.startsWith(listingType)) return (await response.json()) as Listing
      throw new DataError(`${index.label}: ${index.endpoint} does not list its files as JSON (PEP 691)`, {
        suggestions: ['check PIP_INDEX_URL', `PyPI does: ${standardIndex}`],
      })
    }),
  )
  const isWanted = (name: string) =>
    name.startsWith(`onnxruntime_gpu-${version}-`) && /manylinux\w*_x86_64\.whl$/.test(name)
  const wanted = files.filter(({filename, yanked}) => isWanted(filename) && !yanked)
  const [found] = wanted.toSorted((a, b) => (a.filename < b.filename ? -1 : 1))
  if (!found)
    throw new DataError(`${index.label}: ${index.endpoint} has no version ${version} for Linux on x86-64`, {
      suggestions: ['check PIP_INDEX_URL', 'use --device cpu'],
    })
  const {filename: name, url, size, hashes} = found
  if (size === undefined || hashes.sha256 === undefined)
    throw new DataError(`${index.label}: ${index.endpoint} lists ${name} without size or sha256; expected both`, {
      suggestions: [`PyPI does: ${standardIndex}`],
    })
  return {name, url: new URL(url, page).href, size, sha256: hashes.sha256}
}
