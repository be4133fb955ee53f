import {mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect} from 'vitest'
import {modelFiles} from '../../../src/core/hub/model-files.js'
import {resolveSource, type SourceRequest} from '../../../src/core/hub/resolve-source.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {FakeHub, modelRepository, sha256} from './fake-hub.js'

export const id = 'owner/name'

/** Folder of the cache. */
export let home: string
export let hub: FakeHub

/** Starts a Hub that has one model, or a data set without files, beside an empty cache. */
export async function startHub(kind: 'model' | 'dataset' = 'model'): Promise<void> {
  home = mkdtempSync(join(tmpdir(), 'rpt-hub-'))
  hub = await new FakeHub(id, kind).start()
  hub.files = kind === 'model' ? modelRepository() : {}
}

/** Stops the Hub and removes the cache. */
export async function stopHub(): Promise<void> {
  await hub.stop()
  rmSync(home, {recursive: true, force: true})
}

export function request(env: Record<string, string> = {}, more: Partial<SourceRequest> = {}): SourceRequest {
  return {
    kind: 'model',
    files: modelFiles,
    progress: silentProgress,
    env: {HF_HOME: home, HF_ENDPOINT: hub.endpoint, ...env},
    delaysMs: [1, 1, 1],
    ...more,
  }
}

export function resolveIt(value = id, env: Record<string, string> = {}, more: Partial<SourceRequest> = {}) {
  return resolveSource('model', value, request(env, more))
}

export const repository = () => join(home, 'hub', 'models--owner--name')
export const weights = () => hub.files['model.safetensors'].content
export const blob = () => join(repository(), 'blobs', sha256(weights()))

/** What the cache holds of downloads that did not end. */
export const leftovers = () => readdirSync(join(repository(), 'blobs')).filter((name) => !/^[0-9a-f]+$/.test(name))

/** The error that `body` ends with. */
export async function failure(
  body: Promise<unknown>,
): Promise<Error & {exitCode?: number; suggestions?: readonly string[]}> {
  return body.then(
    () => expect.fail('it succeeded'),
    (error) => error,
  )
}
