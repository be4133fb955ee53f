import {existsSync} from 'node:fs'
import {resolve} from 'node:path'
import {UsageError} from '../util/errors.js'
import {flagOfKey} from './flags.js'
import {expectation, issueLine} from './issues.js'
import {type ConfigKey, configKeys, findKey} from './keys.js'
import {type Config, configSchema} from './schema.js'
import {readConfigFile, readFlags, readSets, type Setting, unknownKey} from './settings.js'

/** What the command line gives. */
export interface ConfigInputs {
  /** Decides what `--limit` means. */
  readonly command?: string
  /** YAML files; later ones win. */
  readonly files?: readonly string[]
  /** `key=value`; these win over files. */
  readonly sets?: readonly string[]
  /** Flag name (without dashes) -> value; these win over everything. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** Folder that paths of flags and `--set` are relative to. */
  readonly cwd: string
}

/** A complete configuration with the place every value came from. */
export interface LoadedConfig {
  readonly config: Config
  /** Dotted key -> `default`, `tiny.yaml:12`, `--set` or `--seed`; one entry for every key. */
  readonly sources: ReadonlyMap<string, string>
}

/**
 * Defaults, overlaid by config files in order, by `--set`, by flags. Lists are replaced whole, null puts a default back.
 *
 * @returns a deeply frozen configuration; paths are absolute, Hub ids (`owner/name` of no folder, `hf:...`) as given
 * @throws {UsageError} for unreadable files, unknown keys and values that the schema refuses
 */
export function loadConfig({command = '', files = [], sets = [], flags = {}, cwd}: ConfigInputs): LoadedConfig {
  const given = new Map<string, Setting>()
  const settings = [
    ...files.flatMap((file) => readConfigFile(file, cwd)),
    ...readSets(sets, cwd),
    ...readFlags(flags, command, cwd),
  ]
  for (const setting of settings) {
    if (setting.value === null) given.delete(setting.key.key)
    else given.set(setting.key.key, setting)
  }
  checkAxes(given)
  const sources = new Map(configKeys.map(({key}) => [key, given.get(key)?.source ?? 'default']))
  return {config: deepFreeze(check(given)), sources}
}

/** A key that must be set, or a list of keys of which exactly one must be. */
export type KeyNeed = string | readonly string[]

/**
 * Checks that a command has what it cannot run without.
 *
 * @throws {UsageError} naming the flag to give
 */
export function requireKeys(config: Config, needs: readonly KeyNeed[]): void {
  for (const need of needs) {
    const keys = typeof need === 'string' ? [need] : need
    const set = keys.filter((key) => isGiven(valueAt(config, key)))
    if (set.length === 1) continue
    const flags = keys.map((key) => flagOfKey(key) ?? `--set ${key}=...`)
    const message =
      set.length === 0
        ? `config: ${keys.join(' or ')} is not set; give ${flags.join(' or ')}, or set it in a --config file`
        : `config: ${set.join(' and ')} are both set; give one of ${flags.join(' and ')}`
    throw new UsageError(message)
  }
}

/** The value of a dotted key. */
export function valueAt(config: Config, key: string): unknown {
  return key.split('.').reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], config)
}

function isGiven(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0)
}

function check(given: ReadonlyMap<string, Setting>): Config {
  const result = configSchema.safeParse(nest(given), {error: expectation})
  if (result.success) return result.data
  throw new UsageError([...new Set(result.error.issues.map((issue) => issueLine(issue, given)))].join('\n'))
}

/** Names of sweep axes are config keys too, and each of their values must pass the schema. */
function checkAxes(given: ReadonlyMap<string, Setting>): void {
  const axes = given.get('sweep.axes')
  if (typeof axes?.value !== 'object') return
  for (const [name, values] of Object.entries(axes.value as Record<string, unknown>)) {
    const key = findKey(name)
    if (!key) throw unknownKey(name.split('.'), `${axes.source}, sweep.axes`, '')
    for (const value of Array.isArray(values) ? values : []) {
      check(new Map([[name, {...axes, key, value, source: `${axes.source}, sweep.axes`}]]))
    }
  }
}

function nest(given: ReadonlyMap<string, Setting>): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const setting of given.values()) {
    const names = setting.key.key.split('.')
    let node = root
    for (const name of names.slice(0, -1)) {
      node[name] ??= {}
      node = node[name] as Record<string, unknown>
    }
    node[names.at(-1)!] = absolute(setting)
  }
  return root
}

function absolute({key, value, base}: Setting): unknown {
  if (Array.isArray(value)) return value.map((entry) => absolutePath(key, entry, base))
  return absolutePath(key, value, base)
}

function absolutePath({path}: ConfigKey, value: unknown, base: string): unknown {
  if (path === undefined || typeof value !== 'string' || value === '') return value
  const file = resolve(base, value)
  if (path !== 'file' && value.startsWith('hf:')) return value
  if (path === 'dataset' && value === '-') return value
  const isHubId = path === 'source' && /^\w[\w.-]*\/[\w.-]+(?:@\S+)?$/.test(value) && !existsSync(file)
  return isHubId ? value : file
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
