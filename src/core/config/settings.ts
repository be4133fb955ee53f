import {dirname, relative} from 'node:path'
import {isMap, LineCounter, type Node, type Pair, YAMLError, type YAMLMap} from 'yaml'
import {DataError, UsageError} from '../util/errors.js'
import {absolutePath} from '../util/home.js'
import {isObject} from '../util/is-object.js'
import {readPlainText} from '../util/plain-file.js'
import {nearest} from '../util/suggest.js'
import {meantByName} from './aliases.js'
import {keyOfFlag} from './flags.js'
import {type ConfigKey, configKeys, findKey, isSection, namesIn} from './keys.js'
import {missingValue, plainValue, readDocument, valueOfFlag, valueOfSet} from './values.js'

/** One value that the user gave, with the place it came from; null puts the default back. */
export interface Setting {
  readonly key: ConfigKey
  readonly value: unknown
  /** `--set`, `--seed` or `tiny.yaml:12`. */
  readonly source: string
  /** Folder that a relative path in `value` is relative to. */
  readonly base: string
}

/** A place in a config file or `null` when the value came from the command line. */
interface Place {
  readonly name: string
  readonly base: string
  line(path: readonly string[]): string
}

/**
 * The settings of one YAML file.
 *
 * @throws {UsageError} when it cannot be read, is not one YAML document, is not a mapping, or has an unknown key
 * @throws {DataError} when it is no plain file, or not UTF-8
 */
export function readConfigFile(file: string, cwd: string): Setting[] {
  const path = absolutePath(file, cwd, '--config')
  const name = displayName(path, cwd)
  const lines = new LineCounter()
  const document = readDocument(readText(path, name), lines)
  const content = plainValue(document, (what, cause) => {
    const at = cause instanceof YAMLError ? cause.linePos?.[0] : undefined
    if (cause instanceof YAMLError && cause.code === 'MULTIPLE_DOCS')
      throw new UsageError(`config: ${name}:${at?.line ?? 1} begins another YAML document; a config file holds one`, {
        suggestions: ['take out the line ---', 'write a file for each document, and give --config for each of them'],
      })
    throw new UsageError(`config: ${name}:${at?.line ?? 1}:${at?.col ?? 1} is not valid YAML: ${what}`, {cause})
  })
  if (content === null || content === undefined) return []
  if (!isObject(content)) {
    throw new UsageError(`config: ${name} holds ${describe(content)}; needs a mapping of keys, as in 'seed: 1'`)
  }
  const place: Place = {name, base: dirname(path), line: (keys) => lineOf(document.contents, keys, lines)}
  return settingsOf(content, [], place)
}

/**
 * The settings of `--set key=value` arguments; values are YAML, and a plain comma list is a list where the key holds one.
 *
 * @throws {UsageError} for an argument without '=' or value, or with an unknown key
 */
export function readSets(sets: readonly string[], cwd: string): Setting[] {
  return sets.map((argument) => {
    const equals = argument.indexOf('=')
    if (equals < 1)
      throw new UsageError(`config: --set ${argument} has no ${equals < 0 ? 'value' : 'key'}; write --set key=value`)
    const name = argument.slice(0, equals).trim()
    const key = findKey(name)
    if (!key) throw unknownKey(name.split('.'), '--set', '')
    return {key, value: valueOfSet(key, argument.slice(equals + 1)), source: '--set', base: cwd}
  })
}

/**
 * The settings that a command's flags give; flags that are no setting are passed over.
 *
 * @throws {UsageError} for a flag with an empty value, whether it is a setting or not
 */
export function readFlags(flags: Readonly<Record<string, unknown>>, command: string, cwd: string): Setting[] {
  return Object.entries(flags).flatMap(([flag, value]) => {
    if ([value].flat().some((given) => typeof given === 'string' && given.trim() === ''))
      throw missingValue(`--${flag}`)
    const key = keyOfFlag(flag, command)
    if (!key || value === undefined) return []
    const given = typeof value === 'string' ? valueOfFlag(key, value, flag) : value
    return [{key, value: given, source: `--${flag}`, base: cwd}]
  })
}

/** The error for a dotted name that is no key. */
export function unknownKey(path: readonly string[], source: string, section: string): UsageError {
  const name = path.join('.')
  if (isSection(name)) {
    const example = configKeys.find(({key}) => key.startsWith(`${name}.`))?.key
    return new UsageError(`config: ${name} (set by ${source}) is a section; set one of its keys, e.g. ${example}`)
  }
  const guess = findNamesake(path) ?? meantByName(name) ?? nearestKey(path, section)
  const suggestion = guess?.includes(' ') ? guess : guess && `did you mean ${guess}?`
  return new UsageError(`config: unknown key ${name} (set by ${source})`, {
    suggestions: [suggestion ?? 'docs/reference/config.md lists every key'],
  })
}

/** The key of that very name in another section. */
function findNamesake(path: readonly string[]): string | undefined {
  return configKeys.find(({key}) => key.endsWith(`.${path.at(-1)}`))?.key
}

function nearestKey(path: readonly string[], section: string): string | undefined {
  const sibling = nearest(path.at(-1)!, namesIn(section))
  if (sibling !== undefined) return qualified(section, sibling)
  const keys = configKeys.map(({key}) => key)
  return nearest(path.join('.'), keys)
}

function qualified(section: string, name: string): string {
  return section === '' ? name : `${section}.${name}`
}

function settingsOf(mapping: Readonly<Record<string, unknown>>, path: readonly string[], place: Place): Setting[] {
  return Object.entries(mapping).flatMap(([name, value]) => {
    const here = [...path, name]
    const source = `${place.name}:${place.line(here)}`
    const key = findKey(here.join('.'))
    if (key && (path.length > 0 || !name.includes('.'))) return [{key, value, source, base: place.base}]
    if (!isSection(here.join('.'))) throw misspelt(here, source)
    if (value === null) return []
    if (!isObject(value)) {
      const message = `config: ${here.join('.')} is ${describe(value)} (set by ${source}); needs a mapping of its keys`
      throw new UsageError(message)
    }
    return settingsOf(value, here, place)
  })
}

function misspelt(path: readonly string[], source: string): UsageError {
  const name = path.join('.')
  if (!findKey(name)) return unknownKey(path, source, path.slice(0, -1).join('.'))
  const nested = name.split('.').join(': {')
  return new UsageError(`config: unknown key '${name}' (set by ${source}); in a file, sections are nested`, {
    suggestions: [`write ${nested}: ...${'}'.repeat(name.split('.').length - 1)}`],
  })
}

/** How the library's `<<` reads as text: a symbol of that name. */
const mergeKey = String(Symbol('<<'))

function pairOf({items}: YAMLMap, name: string): Pair | undefined {
  return items.find(({key}) => String(key) === name)
}

function lineOf(root: Node | null, path: readonly string[], lines: LineCounter): string {
  let node: unknown = root
  let line = 1
  for (const name of path) {
    const pair = isMap(node) ? (pairOf(node, name) ?? pairOf(node, mergeKey)) : undefined
    if (!pair) break
    const offset = (pair.key as Node).range?.[0]
    if (offset !== undefined) line = lines.linePos(offset).line
    node = pair.value
  }
  return String(line)
}

function readText(path: string, name: string): string {
  try {
    return readPlainText(path)
  } catch (cause) {
    if (cause instanceof DataError)
      throw new DataError(`config: ${cause.message}`, {suggestions: [...cause.suggestions, 'give a YAML file'], cause})
    const code = (cause as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    throw new UsageError(`config: ${name} ${why}; --config needs a YAML file`, {cause})
  }
}

function displayName(path: string, cwd: string): string {
  const local = relative(cwd, path)
  return local.startsWith('..') ? path : local
}

/** A value as an error message shows it. */
export function describe(value: unknown): string {
  if (value === undefined) return 'not set'
  if (Array.isArray(value) && value.length === 0) return 'an empty list'
  if (typeof value === 'string') return `'${value}'`
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}
