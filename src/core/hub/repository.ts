import {ask, type Connection, connected, persist, RefusedRequest} from '../net/request.js'
import {DataError, UsageError} from '../util/errors.js'
import {type HubAddress, isCommit} from './address.js'
import {asker, inquire} from './library.js'
import {fetchListing, type RemoteFile} from './listing.js'
import {type Remote, remoteOf} from './remote.js'
import {type Environment, hubSettings} from './settings.js'

/** A repository that is to be written to, as it is before. */
export interface Repository {
  /** Commit of its branch main. */
  readonly head: string
  readonly isPrivate: boolean
  readonly files: readonly RemoteFile[]
}

/** Who stops a push, and how patient it is. */
export type WritingAccess = Partial<Pick<Connection, 'signal' | 'delaysMs' | 'idleMs'>> & {readonly env?: Environment}

/** A server takes its time to put large files into place. */
const standardIdleMs = 120_000

/**
 * How to reach a repository that `rpt` writes to.
 *
 * @throws {UsageError} without a token, and if the environment says that the Hub must not be asked
 */
export function remoteForWriting(address: HubAddress, {env = process.env, ...access}: WritingAccess): Remote {
  const settings = hubSettings(env)
  const {label} = address
  if (settings.isOffline)
    throw new UsageError(`${label}: HF_HUB_OFFLINE is set, but this needs the network`, {
      suggestions: [
        'run it without HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE',
        'give --dry-run to see what would be sent',
      ],
    })
  if (settings.token === null)
    throw new UsageError(`${label}: there is no token; expected one with write permission`, {
      suggestions: [`create one at ${settings.endpoint}/settings/tokens`, 'set HF_TOKEN or run hf auth login'],
    })
  return {
    ...remoteOf(address, settings, {idleMs: standardIdleMs, ...access}),
    unreached: [
      'check the connection and run it again: large files that arrived are not sent twice',
      'HF_ENDPOINT names the server',
    ],
    stopped: 'stopped; its files are as they were',
    explain: (status, _, words) => explain(address, settings.endpoint, status, words),
  }
}

function explain({id}: HubAddress, endpoint: string, status: number, words: string): [string, string[]] {
  const owner = id.split('/')[0]
  const said = words === '' ? '' : `: ${words}`
  const tokens = `${endpoint}/settings/tokens`
  if (status === 401) return [`the token is not accepted${said}`, [`see ${tokens}`, 'run hf auth login again']]
  if (status === 403)
    return [
      `the token may not write there${said}`,
      [
        `check that ${owner} is you, or an organization that you may write to`,
        `check the token's permissions: ${tokens}`,
      ],
    ]
  if (status === 404) return [`there is no such repository${said}`, ['check the spelling', `see ${endpoint}/${id}`]]
  if (status === 409 || status === 412)
    return [`it has changed meanwhile; nothing was written${said}`, ['run it again']]
  return [`${endpoint} refused${said}`, [`see ${endpoint}/${id}`, 'check HF_ENDPOINT']]
}

/** The repository; null if there is none that the token may see. */
export async function findRepository(remote: Remote): Promise<Repository | null> {
  try {
    return await openRepository(remote)
  } catch (error) {
    if (error instanceof RefusedRequest && error.status === 404 && error.code !== 'RevisionNotFound') return null
    throw error
  }
}

async function openRepository(remote: Remote): Promise<Repository> {
  const {modelInfo} = await import('@huggingface/hub')
  const {address, settings} = remote
  const {id: name, revision} = address
  const question = {name, revision, hubUrl: settings.endpoint, fetch: asker(remote), additionalFields: ['sha' as const]}
  const {sha, private: isPrivate} = await inquire<{sha?: string; private: boolean}>(remote, () => modelInfo(question))
  if (typeof sha !== 'string' || !isCommit(sha))
    throw new DataError(
      `${address.label}: ${settings.endpoint} gave ${JSON.stringify(sha)} for revision ${revision}; expected a commit`,
    )
  return {head: sha, isPrivate, files: await fetchListing(remote, sha)}
}

/**
 * Creates a repository, or takes the existing one if somebody created it meanwhile, or an answer was lost.
 *
 * @param isPrivate if false, the owner's default decides, which is usually public; not every server heeds it
 * @returns it, and whether the server said that it made it
 * @throws {DataError} when it exists and the token may not read it
 */
export async function makeRepository(
  remote: Remote,
  isPrivate: boolean,
): Promise<{readonly repository: Repository; readonly isMade: boolean}> {
  const {createRepo} = await import('@huggingface/hub')
  const {address, settings} = remote
  const request = {
    repo: {type: 'model' as const, name: address.id},
    visibility: isPrivate ? ('private' as const) : undefined,
    hubUrl: settings.endpoint,
    fetch: asker(remote),
    accessToken: librarysToken,
  }
  const isMade = await inquire(remote, () => createRepo(request)).then(
    () => true,
    (error) => {
      if (error instanceof RefusedRequest && error.status === 409) return false
      throw error
    },
  )
  return {repository: (await findRepository(remote)) ?? refuseHidden(remote), isMade}
}

function refuseHidden({label, endpoint, address}: Remote): never {
  throw new DataError(`${label}: it exists, but the token may not read it`, {
    suggestions: [`check the token's permissions: ${endpoint}/settings/tokens`, `see ${endpoint}/${address.id}`],
  })
}

/** The library takes no token that does not begin with `hf_`; `ask` puts in what authorizes us. */
export const librarysToken = '' as 'hf_'

/** The text of a file of the repository. */
export async function readRemoteText(remote: Remote, {head}: Repository, path: string): Promise<string> {
  const url = `${remote.endpoint}/${remote.address.id}/resolve/${head}/${path}`
  return persist(remote, () => connected(remote, async () => (await ask(remote, url)).text()))
}
