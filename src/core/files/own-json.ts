import {readFileSync, statSync} from 'node:fs'
import type {z} from 'zod'
import {DataError} from '../util/errors.js'
import {parseStrictJson} from '../util/strict-json.js'
import {guardRead} from './storage-error.js'

/** No file of ours that is not a table or a tensor comes near it. */
const maxBytes = 64 * 2 ** 20

const suggestions = [
  'copy it again if it came from elsewhere',
  'let the command that writes it run again, or take an earlier checkpoint',
]

/**
 * The value of a JSON file that `rpt` wrote, as it was written, if a schema takes it.
 *
 * @param what stands in errors, e.g. `the state of a checkpoint`
 * @throws {DataError} naming the file when it cannot be read, is larger than 64 MiB, is not JSON, or a field is wrong
 */
export function readJsonOf<T>(path: string, schema: z.ZodType<T>, what: string): T {
  const where = `reading ${path}, ${what}:`
  const value = parseStrictJson(readBytesOf(path, what), `${where} it`, {suggestions})
  const checked = schema.safeParse(value)
  if (checked.success) return value as T
  const [{path: field, message}] = checked.error.issues
  const seen = field.reduce<unknown>((node, name) => (node as Record<PropertyKey, unknown> | null)?.[name], value)
  const shown = (JSON.stringify(seen) ?? 'missing').slice(0, 80)
  throw new DataError(`${where} ${field.join('.') || 'the whole'} is ${shown}; ${message}`, {suggestions})
}

/**
 * The text of a file that `rpt` wrote.
 *
 * @throws {DataError} naming the file when it cannot be read, is larger than 64 MiB, or is not UTF-8
 */
export function readTextOf(path: string, what: string): string {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(readBytesOf(path, what))
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    throw new DataError(`reading ${path}, ${what}: it is not UTF-8`, {suggestions, cause})
  }
}

function readBytesOf(path: string, what: string): Buffer {
  return guardRead('reading', path, () => {
    const stat = statSync(path)
    if (!stat.isFile()) throw new DataError(`reading ${path}, ${what}: it is not a regular file`, {suggestions})
    if (stat.size > maxBytes)
      throw new DataError(`reading ${path}, ${what}: it has ${stat.size} bytes; expected at most ${maxBytes}`, {
        suggestions,
      })
    return readFileSync(path)
  })
}
