import {readFileSync, statSync} from 'node:fs'
import type {z} from 'zod'
import {DataError} from '../util/errors.js'
import {parseStrictJson} from '../util/strict-json.js'

/** The largest tokenizer.json of known models has 33 MB; the other files have kilobytes. */
const maxBytes = 256 * 2 ** 20
const maxSmallBytes = 16 * 2 ** 20

/**
 * A file of at most 256 MiB.
 *
 * @throws {DataError} naming the file when it cannot be read or is larger
 */
export function readBounded(file: string, limit = maxBytes): Buffer {
  const {size, bytes} = read(file, limit)
  if (bytes) return bytes
  throw new DataError(`${file} has ${size} bytes; expected at most ${limit}`)
}

function read(file: string, limit: number): {readonly size: number; readonly bytes: Buffer | null} {
  try {
    const {size} = statSync(file)
    return {size, bytes: size > limit ? null : readFileSync(file)}
  } catch (cause) {
    throw new DataError(`reading ${file}: ${(cause as Error).message}`, {cause})
  }
}

/**
 * A text file of at most 16 MiB.
 *
 * @throws {DataError} naming the file when it cannot be read or is larger
 */
export function readSmallText(file: string): string {
  return readBounded(file, maxSmallBytes).toString()
}

/**
 * A JSON file of at most 16 MiB that passes a schema.
 *
 * @throws {DataError} naming the file and the field
 */
export function readSmallJson<T>(file: string, schema: z.ZodType<T>): T {
  return checkJson(parseStrictJson(readBounded(file, maxSmallBytes), file, {mayNameProto: true}), file, schema)
}

/**
 * The value as it is, if a schema takes it: the schema's own output would lose a token named `__proto__`.
 *
 * @throws {DataError} naming the file and the first field that is wrong
 */
export function checkJson<T>(value: unknown, file: string, schema: z.ZodType<T>): T {
  const checked = schema.safeParse(value)
  if (checked.success) return value as T
  const [{path, message}] = checked.error.issues
  throw new DataError(`${file}: ${path.join('.') || 'file'}: ${message}`)
}
