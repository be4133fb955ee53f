import {existsSync, readFileSync} from 'node:fs'
import {homedir} from 'node:os'
import {join, resolve} from 'node:path'
import {type Proxies, proxiesOf} from '../net/proxy.js'
import {UsageError} from '../util/errors.js'

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where the Hub is, where its files are kept here, and how to ask for them. */
export interface HubSettings {
  /** Address without a slash at the end. */
  readonly endpoint: string
  /** Absolute path of the folder that holds `models--owner--name` and `datasets--owner--name`. */
  readonly cache: string
  /** Sent to the endpoint alone; null for none. */
  readonly token: string | null
  /** Null for none. */
  readonly proxies: Proxies | null
  /** No connection is opened. */
  readonly isOffline: boolean
}

/**
 * Reads what huggingface_hub reads: HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_TOKEN_PATH, HF_ENDPOINT, HF_HUB_OFFLINE,
 * HF_HUB_DISABLE_IMPLICIT_TOKEN, XDG_CACHE_HOME, HTTPS_PROXY, HTTP_PROXY, NO_PROXY, and the older names of three of them.
 * Empty ones count as unset.
 *
 * @throws {UsageError} when HF_ENDPOINT is no http address, or the token has characters that no token has
 */
export function hubSettings(env: Environment): HubSettings {
  const folder = (value: string) => resolve(expand(value, env))
  const home = folder(env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'))
  return {
    endpoint: endpointOf(env.HF_ENDPOINT || 'https://huggingface.co'),
    cache: folder(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
    token: isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)
      ? null
      : tokenOf(env, folder(env.HF_TOKEN_PATH || join(home, 'token'))),
    proxies: proxiesOf(env),
    isOffline: isOn(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
  }
}

function endpointOf(address: string): string {
  const {protocol} = URL.canParse(address) ? new URL(address) : {protocol: ''}
  if (/^https?:$/.test(protocol)) return address.replace(/\/+$/, '')
  throw new UsageError(`HF_ENDPOINT is ${address}; needs an address such as https://huggingface.co`)
}

function isOn(value = ''): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase())
}

function tokenOf(env: Environment, file: string): string | null {
  const variable = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'].find((name) => env[name]?.trim())
  if (variable !== undefined) return checkToken(env[variable]!.trim(), variable)
  return existsSync(file) ? checkToken(readFileSync(file, 'utf8').trim(), file) || null : null
}

/** Copied from a web page or a document, a token may bring typographic quotes or invisible characters; no error shows it. */
function checkToken(token: string, from: string): string {
  const strange = /[^\x20-\x7e]/u.exec(token)?.[0].codePointAt(0)
  if (strange === undefined) return token
  const name = `U+${strange.toString(16).toUpperCase().padStart(4, '0')}`
  throw new UsageError(
    `the token of ${from} has the character ${name}; needs letters, digits and marks of ASCII alone`,
    {
      suggestions: ['copy it again, without quotes around it', 'or run hf auth login'],
    },
  )
}

/** Puts in the home folder for a leading `~` and values for `$NAME` and `${NAME}`; unknown names stay. */
function expand(path: string, env: Environment): string {
  const atHome = path.replace(/^~(?=$|[\\/])/, () => homedir())
  return atHome.replace(/\$(?:(\w+)|\{(\w+)\})/g, (whole, bare, braced) => env[bare ?? braced] ?? whole)
}
