import {UsageError} from '../util/errors.js'

/** Proxies between this machine and the network, as environment variables name them. */
export interface Proxies {
  /** Address for http addresses, and for https ones where `https` is empty; empty for none. */
  readonly http: string
  /** Address for https addresses; empty for none. */
  readonly https: string
  /** Hosts to ask without a proxy: a list divided by commas. */
  readonly except: string
}

/** Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in lower case first as curl does; null where no proxy is named. */
export function proxiesOf(env: Readonly<Record<string, string | undefined>>): Proxies | null {
  const named = (name: string) => env[name.toLowerCase()] || env[name] || ''
  const [http, https] = [named('HTTP_PROXY'), named('HTTPS_PROXY')]
  return http || https ? {http, https, except: named('NO_PROXY')} : null
}

const fetches = new WeakMap<Proxies, Promise<typeof fetch>>()

/**
 * What to ask the network with: Node's own `fetch`, which reads no variable, or one that goes through the proxies.
 *
 * @throws {UsageError} when a proxy is no http address
 */
export function fetchThrough(proxies: Proxies | null): Promise<typeof fetch> | typeof fetch {
  if (!proxies) return fetch
  const known = fetches.get(proxies) ?? open(proxies)
  fetches.set(proxies, known)
  return known
}

async function open({http, https, except}: Proxies): Promise<typeof fetch> {
  const agent = {httpProxy: addressOf('HTTP_PROXY', http), httpsProxy: addressOf('HTTPS_PROXY', https)}
  const undici = await import('undici')
  const dispatcher = new undici.EnvHttpProxyAgent({...agent, noProxy: except})
  const through = (url: string, init: object) => undici.fetch(url, {...init, dispatcher})
  return through as unknown as typeof fetch
}

/** An address as curl takes it, which may lack `http://`. The error shows no password. */
function addressOf(name: string, value: string): string {
  if (value === '') return ''
  const address = value.includes('://') ? value : `http://${value}`
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address
  throw new UsageError(
    `${name} is ${value.replace(/^(.*?\/\/)?.*@/, '$1')}; needs an address such as http://proxy.example:3128`,
  )
}
