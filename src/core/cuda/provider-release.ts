import {z} from 'zod'
import {proxiesOf} from '../net/proxy.js'
import {ask, type Connection, connected, persist} from '../net/request.js'
import {DataError} from '../util/errors.js'
import type {Environment} from './library-search.js'
import type {Patience, ProviderPackage} from './provider-package.js'

const project = 'microsoft/onnxruntime'
const label = `release of ${project}`
/** What serves a machine that cannot get this package. */
const instead = 'or install CUDA 13 beside CUDA 12, and run rpt doctor --install-cuda --cuda 13: PyPI has that provider'

const releaseSchema = z.object({
  assets: z.array(
    z.object({
      name: z.string(),
      size: z.number(),
      browser_download_url: z.string(),
      digest: z.string().nullish(),
    }),
  ),
})

/** How onnxruntime's releases at GitHub are reached. */
export function openReleases(env: Environment, patience: Patience = {}): Connection {
  return {
    label,
    sought: label,
    endpoint: 'https://api.github.com',
    authorization: null,
    proxies: proxiesOf(env),
    isOffline: false,
    signal: new AbortController().signal,
    delaysMs: [500, 1000, 2000, 4000, 8000],
    idleMs: 30_000,
    unreached: ['check the connection and run it again: what was downloaded is kept', instead],
    distrusted: ['run it again', 'if it stays so, a proxy alters the files'],
    stopped: 'download stopped; what was downloaded is kept',
    explain: (status) =>
      status === 404
        ? ['there is no such release', [instead]]
        : ['GitHub refused', ['later: GitHub answers 60 requests an hour to one address', instead]],
    ...patience,
  }
}

/**
 * onnxruntime's own archive for CUDA 12 and Linux on x86-64, with the sha256 that GitHub computed when it was uploaded.
 *
 * @throws {DataError} when the release has none, or GitHub does not say its sha256
 */
export async function findRelease(releases: Connection, version: string): Promise<ProviderPackage> {
  const address = `${releases.endpoint}/repos/${project}/releases/tags/v${version}`
  const answer = await persist(releases, () =>
    connected(releases, async () => (await ask(releases, address)).json() as Promise<unknown>),
  )
  const parsed = releaseSchema.safeParse(answer)
  if (!parsed.success)
    throw new DataError(`${label}: ${releases.endpoint} does not describe the files of ${version} as GitHub does`, {
      cause: parsed.error,
      suggestions: [instead],
    })
  const name = `onnxruntime-linux-x64-gpu_cuda12-${version}.tgz`
  const found = parsed.data.assets.find((asset) => asset.name === name)
  if (!found) throw new DataError(`${label}: ${version} has no ${name}`, {suggestions: [instead]})
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(found.digest ?? '')?.[1]
  if (sha256 === undefined)
    throw new DataError(`${label}: ${releases.endpoint} lists ${name} without its sha256`, {suggestions: [instead]})
  return {name, url: found.browser_download_url, size: found.size, sha256}
}
