import {existsSync} from 'node:fs'
import {UsageError} from '../util/errors.js'
import {absolutePath} from '../util/home.js'
import {expectation} from './expectation.js'
import {flagOfKey} from './flags.js'
import {issueLine} from './issues.js'
import {configKeys, findKey} from './keys.js'
import {addOwnDefaults} from './own-defaults.js'
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
  /** Dotted key -> value, as the axes of a sweep give them; these win over `sets`. */
  readonly values?: Readonly<Record<string, unknown>>
  /** Flag name (without dashes) -> value; these win over everything. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** Folder that paths of flags and `--set` are relative to. */
  readonly cwd: string
}

/** A complete configuration with the place every value came from. */
export interface LoadedConfig {
  readonly config: Config
  /** Dotted key -> `default`, `default of sft`, `tiny.yaml:12`, `--set` or `--seed`; one entry for every key. */
  readonly sources: ReadonlyMap<string, string>
  /** Value that was taken for a Hub id -> the folder of that name that is not there. */
  readonly folders: ReadonlyMap<string, string>
}

/** A configuration and where its values came from. */
export type SourcedConfig = Pick<LoadedConfig, 'config' | 'sources'>

/**
 * Defaults, overlaid by those of the objective, the evaluated task, the loss, the terms of the reward and the precision, by config files
 * in order, by `--set`, by flags. Lists are replaced whole, null puts a default back.
 *
 * @returns a deeply frozen configuration; paths are absolute, Hub ids (`owner/name` of no folder, `hf:...`) as given
 * @throws {UsageError} for unreadable files, unknown keys and values that the schema refuses
 */
export function loadConfig({
  command = '',
  files = [],
  sets = [],
  values = {},
  flags = {},
  cwd,
}: ConfigInputs): LoadedConfig {
  const given = new Map<string, Setting>()
  const settings = [
    ...files.flatMap((file) => readConfigFile(file, cwd)),
    ...readSets(sets, cwd),
    ...readValues(values, cwd),
    ...readFlags(flags, command, cwd),
  ]
  for (const setting of settings) {
    if (setting.value === null) given.delete(setting.key.key)
    else given.set(setting.key.key, setting)
  }
  addOwnDefaults(given, command, cwd)
  checkAxes(given)
  const sources = new Map(configKeys.map(({key}) => [key, given.get(key)?.source ?? 'default']))
  const folders = new Map<string, string>()
  const config = check(given, folders)
  refuseContradictions(config, sources)
  return {config: deepFreeze(config), sources, folders}
}

/** Settings that are sound alone and cannot work together. */
function refuseContradictions({grpo}: Config, sources: ReadonlyMap<string, string>): void {
  for (const name of ['miniBatches', 'positionsPerDocument'] as const)
    if (grpo[name] > grpo.contextsPerStep)
      throw new UsageError(
        `config: grpo.${name} is ${grpo[name]} (set by ${sources.get(`grpo.${name}`)}); ` +
          `needs at most grpo.contextsPerStep, which is ${grpo.contextsPerStep} (set by ${sources.get('grpo.contextsPerStep')})`,
      )
}

function readValues(values: Readonly<Record<string, unknown>>, cwd: string): Setting[] {
  return Object.entries(values).map(([name, value]) => {
    const key = findKey(name)
    if (!key) throw unknownKey(name.split('.'), 'sweep.axes', '')
    return {key, value, source: 'sweep.axes', base: cwd}
  })
}

/** A key that must be set, or a list of keys of which exactly one must be. */
export type KeyNeed = string | readonly string[]

/**
 * Checks that a command has what it cannot run without.
 *
 * @throws {UsageError} naming the flags of all that is missing
 */
export function requireKeys(config: Config, needs: readonly KeyNeed[]): void {
  const choices = needs.map((need) => (typeof need === 'string' ? [need] : need))
  const isSet = (key: string) => isGiven(valueAt(config, key))
  const missing = choices.filter((keys) => !keys.some(isSet))
  if (missing.length > 0) {
    const [are, them] = missing.length > 1 ? ['are', 'them'] : ['is', 'it']
    const [keys, flags] = [inWords(missing), inWords(missing.map((keys) => keys.map(flagFor)))]
    throw new UsageError(`config: ${keys} ${are} not set; give ${flags}, or set ${them} in a --config file`)
  }
  for (const keys of choices) {
    const set = keys.filter(isSet)
    if (set.length === 1) continue
    throw new UsageError(`config: ${set.join(' and ')} are both set; give one of ${keys.map(flagFor).join(' and ')}`, {
      suggestions: set.map((key) => `to leave out ${key}: --set ${key}=null`),
    })
  }
}

function flagFor(key: string): string {
  return flagOfKey(key) ?? `--set ${key}=...`
}

/** `a`, `a or b`, `a, b (or c) and d`: of each list one is enough. */
function inWords(choices: readonly (readonly string[])[]): string {
  if (choices.length === 1) return choices[0].join(' or ')
  const parts = choices.map(([first, ...others]) => first + others.map((other) => ` (or ${other})`).join(''))
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

/** The value of a dotted key. */
export function valueAt(config: Config, key: string): unknown {
  return key.split('.').reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], config)
}

function isGiven(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0)
}

/** Longest error. */
const maxLines = 4

function check(given: ReadonlyMap<string, Setting>, folders = new Map<string, string>()): Config {
  const result = configSchema.safeParse(nest(given, folders), {error: expectation})
  if (result.success) return result.data
  const lines = [...new Set(result.error.issues.map((issue) => issueLine(issue, given)))]
  const shown =
    lines.length > maxLines ? [...lines.slice(0, maxLines - 1), `and ${lines.length - maxLines + 1} more`] : lines
  throw new UsageError(shown.join('\n'))
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

function nest(given: ReadonlyMap<string, Setting>, folders: Map<string, string>): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const setting of given.values()) {
    const names = setting.key.key.split('.')
    let node = root
    for (const name of names.slice(0, -1)) {
      node[name] ??= {}
      node = node[name] as Record<string, unknown>
    }
    node[names.at(-1)!] = absolute(setting, folders)
  }
  return root
}

function absolute(setting: Setting, folders: Map<string, string>): unknown {
  const {value} = setting
  return Array.isArray(value)
    ? value.map((entry) => placeOf(setting, entry, folders))
    : placeOf(setting, value, folders)
}

/** A path made absolute; a Hub id as it is, with the folder that it is not noted in `folders`. */
function placeOf({key: {key, path}, base, source}: Setting, value: unknown, folders: Map<string, string>): unknown {
  if (path === undefined || typeof value !== 'string' || value.trim() === '') return value
  if (path !== 'file' && value.startsWith('hf:')) return value
  if (path === 'dataset' && value === '-') return value
  const file = absolutePath(value, base, `config: ${key} (set by ${source})`)
  const isHubId = path === 'source' && /^\w[\w.-]*\/[\w.-]+(?:@\S+)?$/.test(value) && !existsSync(file)
  if (!isHubId) return file
  folders.set(value, file)
  return value
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
