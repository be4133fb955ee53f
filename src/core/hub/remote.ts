import type {Connection} from '../net/request.js'
import type {HubAddress} from './address.js'
import type {HubSettings} from './settings.js'

/** A repository on the Hub, and how to reach it. */
export interface Remote extends Connection {
  readonly address: HubAddress
  readonly settings: HubSettings
}

const standardDelaysMs = [500, 1000, 2000, 4000, 8000]
const standardIdleMs = 30_000

/** How a repository is reached, with the Hub's words for what may go wrong. */
export function remoteOf(
  address: HubAddress,
  settings: HubSettings,
  access: Partial<Pick<Connection, 'signal' | 'delaysMs' | 'idleMs'>>,
): Remote {
  const {signal = new AbortController().signal, delaysMs = standardDelaysMs, idleMs = standardIdleMs} = access
  const {endpoint, token, proxies, isOffline} = settings
  const {label, sought, hints} = address
  return {
    address,
    settings,
    ...{label, sought, endpoint, proxies, isOffline, signal, delaysMs, idleMs},
    authorization: token === null ? null : `Bearer ${token}`,
    unreached: [
      ...hints,
      'check the connection and run it again: what was downloaded is kept',
      'HF_HUB_OFFLINE=1 uses what the cache has; HF_ENDPOINT names a mirror',
    ],
    distrusted: ['run it again', 'if it stays so, a proxy or mirror (HF_ENDPOINT) alters the files'],
    stopped: 'download stopped; what was downloaded is kept',
    explain: (status, code) => explain(address, settings, status, code),
  }
}

function explain(address: HubAddress, settings: HubSettings, status: number, code: string): [string, string[]] {
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
