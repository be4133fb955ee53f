import {DataError} from '../util/errors.js'
import {type DtypeName, dtypes} from './dtypes.js'

/** Where a tensor lies in a safetensors file. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: DtypeName
  readonly shape: readonly number[]
  /** Bytes from the end of the header. */
  readonly begin: number
  readonly end: number
}

/**
 * The tensors that a header describes, in the order of their bytes.
 *
 * @param bufferLength bytes that follow the header
 * @throws {DataError} naming `path` when the header is not what the format allows: not an object, a repeated key, an unknown
 *   dtype, a byte count other than shape and dtype give, bytes used twice, never, or past the end
 */
export function parseHeader(path: string, json: Uint8Array, bufferLength: number): TensorEntry[] {
  const header = parseObject(path, json)
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(path, name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end)
  let end = 0
  for (const entry of entries) {
    if (entry.begin < end) throw refusal(path, `tensor ${entry.name} overlaps the one before it`)
    if (entry.begin > end) throw refusal(path, `bytes ${end} to ${entry.begin} belong to no tensor`)
    end = entry.end
  }
  if (end > bufferLength)
    throw refusal(path, `its tensors take ${end} bytes, but only ${bufferLength} follow the header`)
  if (end < bufferLength) throw refusal(path, `bytes ${end} to ${bufferLength} belong to no tensor`)
  return entries
}

/** An error about a safetensors file. */
export function refusal(path: string, what: string, cause?: unknown): DataError {
  const suggestions = ['copy or download the file again']
  return new DataError(`reading ${path}: not a sound safetensors file: ${what}`, {suggestions, cause})
}

function parseObject(path: string, json: Uint8Array): Record<string, unknown> {
  if (json[0] !== 0x7b) throw refusal(path, "its header does not start with '{'")
  try {
    const text = new TextDecoder('utf-8', {fatal: true}).decode(json)
    const header = JSON.parse(text)
    const repeated = findRepeatedKey(text)
    if (repeated === null) return header
    throw refusal(path, `its header has the key ${repeated} twice`)
  } catch (error) {
    if (error instanceof DataError) throw error
    throw refusal(path, `its header is not JSON (${(error as Error).message})`, error)
  }
}

/** The first key that an object of valid JSON `text` has twice: JSON.parse silently keeps the last. */
export function findRepeatedKey(text: string): string | null {
  const open: Set<string>[] = []
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (key !== undefined) {
      const name: string = JSON.parse(key)
      const names = open.at(-1)!
      if (names.has(name)) return key
      names.add(name)
    }
  }
  return null
}

function parseEntry(path: string, name: string, value: unknown): TensorEntry {
  const {dtype, shape, data_offsets: offsets} = (value ?? {}) as Record<string, unknown>
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype)) {
    throw refusal(
      path,
      `tensor ${name} has dtype ${JSON.stringify(dtype)}, expected one of ${Object.keys(dtypes).join(', ')}`,
    )
  }
  if (!isSizes(shape)) throw refusal(path, `tensor ${name} has shape ${JSON.stringify(shape)}`)
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw refusal(path, `tensor ${name} has data_offsets ${JSON.stringify(offsets)}`)
  }
  const [begin, end] = offsets
  const expected = shape.reduce((product, size) => product * size, dtypes[dtype as DtypeName].size)
  if (end - begin !== expected) {
    throw refusal(path, `tensor ${name} (${dtype}, shape [${shape}]) has ${end - begin} bytes, expected ${expected}`)
  }
  return {name, dtype: dtype as DtypeName, shape, begin, end}
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}
