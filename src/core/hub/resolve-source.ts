import type {Progress} from '../util/progress.js'
import type {Rehearsal} from '../util/services.js'
import {type HubAddress, type HubKind, type Origin, readAddress} from './address.js'
import {repositoryCache} from './cache-layout.js'
import {listCommit} from './listing.js'
import {type FileFilter, tokenizerFiles} from './model-files.js'
import {type Remote, remoteOf} from './remote.js'
import {type Environment, hubSettings} from './settings.js'
import {fetchSnapshot, NotCached} from './snapshot.js'

export type {HubKind, Origin} from './address.js'

/** Something that a setting names, on this machine. */
export interface Source {
  /** Folder or file; for a Hub id the folder of its commit in the cache. */
  readonly folder: string
  /** Null for what was on this machine already. */
  readonly origin: Origin | null
  /** Names of the files asked for, sorted; empty for what was on this machine already. */
  readonly files: readonly string[]
}

/** What is wanted of a source, and who watches. */
export interface SourceRequest {
  readonly kind: HubKind
  /** Chooses among the files of the repository. */
  readonly files: FileFilter
  readonly progress: Progress
  /** Id -> the folder that was looked for first, as `loadConfig` gives them; used in errors. */
  readonly folders?: ReadonlyMap<string, string>
  /** See `Services`; what is asked of the Hub is added. */
  readonly commits?: Map<string, string>
  /** Stops a download; what came stays. */
  readonly signal?: AbortSignal
  /** Pauses between attempts, milliseconds. */
  readonly delaysMs?: readonly number[]
  /** Longest silence of a connection, milliseconds. */
  readonly idleMs?: number
  readonly env?: Environment
}

/** What `open` needs of a request. */
type Access = Partial<Pick<SourceRequest, 'signal' | 'delaysMs' | 'idleMs' | 'env'>>

/**
 * Finds what a setting names: a path as it is, a Hub id by downloading what the cache lacks.
 *
 * @param what the setting in words, e.g. `proxy`; begins every error
 * @param value absolute path, `owner/name`, `owner/name@revision`, or either of these after `hf:`
 * @throws {DataError} when there is no such thing, access is denied, or what comes is not what the Hub lists
 * @throws {RuntimeFailure} when the Hub cannot be reached or the cache cannot be written
 * @throws {Interrupted} when the signal is aborted
 */
export async function resolveSource(what: string, value: string, request: SourceRequest): Promise<Source> {
  const address = readAddress(what, value, request.kind, request.folders?.get(value))
  if (address === null) return {folder: value, origin: null, files: []}
  const remote = open(address, request)
  const {folder, commit, files} = await fetchSnapshot(remote, request)
  const {id, kind} = address
  return {folder, origin: {id, kind, revision: commit}, files}
}

/** As `resolveSource`, and no connection is opened. Throws {NotCached} where something would have to be fetched. */
export const resolveHere: typeof resolveSource = (what, value, request) =>
  resolveSource(what, value, {...request, env: {...(request.env ?? process.env), HF_HUB_OFFLINE: '1'}})

/** What a rehearsal does where something is not here yet. */
export async function unlessFetched<T, U>(find: Promise<T>, otherwise: () => Promise<U> | U): Promise<T | U> {
  return find.catch((error) => {
    if (error instanceof NotCached) return otherwise()
    throw error
  })
}

/** A model for a rehearsal: whole where it is here, else its `config.json`, or that of its adapters, which is fetched. */
export async function previewModel(
  what: string,
  value: string,
  request: Omit<SourceRequest, 'kind'>,
  {note}: Rehearsal,
): Promise<Source & {readonly isWhole: boolean}> {
  const here = resolveHere(what, value, {...request, kind: 'model'}).then((source) => ({...source, isWhole: true}))
  return unlessFetched(here, async () => {
    // Nothing of a tokenizer is worth a fetch.
    if (request.files === tokenizerFiles) {
      note(`${what} ${value}: it is fetched from the Hub`)
      return {folder: value, origin: null, files: [], isWhole: false}
    }
    const files: FileFilter = (path, all) =>
      path === (all.includes('config.json') ? 'config.json' : 'adapter_config.json')
    const source = await resolveSource(what, value, {...request, kind: 'model', files})
    note(`${what} ${value}: its files are fetched from the Hub`)
    return {...source, isWhole: false}
  })
}

/** A file of a repository, in bytes. */
export interface ListedFile {
  readonly path: string
  readonly size: number
}

/** All files of a commit, sorted by path: from the cache where it knows them, else from the Hub. */
export async function listFiles({id, kind, revision}: Origin, access: Access = {}): Promise<ListedFile[]> {
  const label = `${kind} ${id}`
  const address = {id, kind, revision, label, sought: label, hints: []}
  const remote = open(address, access)
  const files = await listCommit(remote, repositoryCache(remote.settings, address), revision)
  return files.map(({path, size}) => ({path, size}))
}

function open(address: HubAddress, {env = process.env, ...access}: Access): Remote {
  return remoteOf(address, hubSettings(env), access)
}
