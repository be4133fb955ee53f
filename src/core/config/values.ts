import {type Document, type LineCounter, parseDocument} from 'yaml'
import {UsageError} from '../util/errors.js'
import type {ConfigKey} from './keys.js'

/**
 * The value of `--set key=text`: YAML, in which a string key takes text as it stands unless it is quoted.
 *
 * Without that, YAML would cut a template at ` #`, read `{context}` as a mapping and `yes` as no path.
 *
 * @returns null where the default is to be put back
 * @throws {UsageError} when there is no value, or it is not valid YAML
 */
export function valueOfSet(key: ConfigKey, text: string): unknown {
  const argument = `--set ${key.key}=${text}`
  if (isMissing(key, text)) throw missingValue(`--set ${key.key}=`)
  return text.trim() === 'null' ? null : typedValue(key, text, argument)
}

/**
 * The value of a flag, which the shell has typed: text as it stands for a string, else as `--set` reads it.
 *
 * @throws {UsageError} as `valueOfSet` does
 */
export function valueOfFlag(key: ConfigKey, text: string, flag: string): unknown {
  return key.type === 'string' ? text : typedValue(key, text, `--${flag} ${text}`)
}

/** The error for a flag or `--set key=` that nothing follows, as an empty variable of a shell leaves it. */
export function missingValue(argument: string): UsageError {
  const isSet = argument.startsWith('--set ')
  return new UsageError(`config: ${argument} has no value`, {
    suggestions: [
      'check the variable, if the value comes from one',
      ...(isSet ? [`null puts the default back, '""' is an empty text`] : []),
    ],
  })
}

function isMissing({type, path}: ConfigKey, text: string): boolean {
  return (type === 'string' && path === undefined ? text : text.trim()) === ''
}

function typedValue(key: ConfigKey, text: string, argument: string): unknown {
  if (key.type === 'string') return stringOf(text, argument)
  if (key.type !== 'array') return yamlOf(text, argument)
  if (/^\s*\[/.test(text)) return yamlOf(text, argument)
  // A comma within quotes divides nothing.
  if (/(^|,)\s*["']/.test(text)) return yamlOf(`[${text}]`, argument)
  if (key.itemType !== 'string') return text.split(',').map((entry) => yamlOf(entry, argument))
  const isName = key.path !== undefined || key.options !== undefined
  return text.split(',').map((entry, index) => (isName ? entry.trim() : index > 0 ? entry.trimStart() : entry))
}

/** Text between quotes as YAML reads it, other text as it stands. */
function stringOf(text: string, argument: string): unknown {
  return /^\s*(["']).*\1\s*$/s.test(text) ? yamlOf(text, argument) : text
}

function yamlOf(text: string, argument: string): unknown {
  const document = readDocument(text)
  if (document.contents === null) throw missingValue(argument)
  return plainValue(document, (what, cause) => {
    throw new UsageError(`config: the value of ${argument} is not valid YAML: ${what}`, {cause})
  })
}

/** One YAML document, whose errors and warnings `plainValue` finds. */
export function readDocument(text: string, lineCounter?: LineCounter): Document.Parsed {
  // At 'silent', the library drops all documents but the first without an error.
  return parseDocument(text, {lineCounter, logLevel: 'error', merge: true})
}

/**
 * What a YAML document holds, as plain values.
 *
 * @param refuse throws for a document with errors, unknown tags, too many aliases, or a value within itself
 */
export function plainValue(document: Document.Parsed, refuse: (what: string, fault: Error) => never): unknown {
  const [fault] = [...document.errors, ...document.warnings]
  if (fault) refuse(fault.message.split(/ at line \d+|; please use|:?\n/)[0], fault)
  try {
    const value: unknown = document.toJS()
    JSON.stringify(value)
    return value
  } catch (error) {
    return refuse((error as Error).message.split('\n')[0], error as Error)
  }
}
