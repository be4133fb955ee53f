import type {z} from 'zod'
import {guardRead} from '../files/storage-error.js'
import {DataError} from '../util/errors.js'
import {readPlainFile, readPlainText} from '../util/plain-file.js'
import {parseStrictJson} from '../util/strict-json.js'

/** The largest tokenizer.json of known models has 33 MB; the other files have kilobytes. */
const maxBytes = 256 * 2 ** 20
const maxSmallBytes = 16 * 2 ** 20

/**
 * The bytes of a plain file of at most 256 MiB.
 *
 * @throws {DataError} naming the file when it cannot be read, is something else or larger
 */
export function readBounded(file: string, limit = maxBytes): Buffer {
  return guardRead('reading', file, () => readPlainFile(file, limit))
}

/**
 * The text of a plain file of at most 16 MiB, without a byte order mark.
 *
 * @throws {DataError} naming the file when it cannot be read, is something else or larger, or not UTF-8
 */
export function readSmallText(file: string): string {
  return guardRead('reading', file, () => readPlainText(file))
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
