import {DataError} from '../util/errors.js'
import {parseStrictJson} from '../util/strict-json.js'
import {type DtypeName, dtypeSizes, floatDtypes, quantisedDtypes} from './dtypes.js'

/** Where a tensor lies in a safetensors file. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: DtypeName
  readonly shape: readonly number[]
  /** Bytes from the end of the header. */
  readonly begin: number
  readonly end: number
}

const floats = Object.keys(floatDtypes).join(', ')
const suggestions = ['copy or download the file again']

/**
 * The tensors that a header describes, in the order of their bytes.
 *
 * @param bufferLength bytes that follow the header
 * @throws {DataError} naming `path` when the header is not what the format allows: not an object, a repeated key, an unknown
 *   dtype, a byte count other than shape and dtype give, bytes used twice, never, or past the end
 */
export function parseHeader(path: string, json: Uint8Array, bufferLength: number): TensorEntry[] {
  const {__metadata__: metadata, ...tensors} = parseObject(path, json)
  checkMetadata(path, metadata)
  const entries = Object.entries(tensors)
    .map(([name, value]) => parseEntry(path, name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end)
  let end = 0
  for (const entry of entries) {
    if (entry.begin < end) throw refusal(path, `tensor ${shown(entry.name)} overlaps the one before it`)
    if (entry.begin > end) throw refusal(path, `bytes ${end} to ${entry.begin} belong to no tensor`)
    end = entry.end
  }
  if (end > bufferLength)
    throw refusal(path, `its tensors take ${end} bytes, but only ${bufferLength} follow the header`)
  if (end < bufferLength) throw refusal(path, `bytes ${end} to ${bufferLength} belong to no tensor`)
  return entries
}

/** A name or value from a file, fit for one line of a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string' && /^[\w./-]{1,200}$/.test(value)) return value
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`
}

/** An error about a safetensors file. */
export function refusal(path: string, what: string, cause?: unknown): DataError {
  return new DataError(`reading ${path}: not a valid safetensors file: ${what}`, {suggestions, cause})
}

function parseObject(path: string, json: Uint8Array): Record<string, unknown> {
  if (json[0] !== 0x7b) throw refusal(path, "its header does not start with '{'")
  const where = `reading ${path}: not a valid safetensors file: its header`
  return parseStrictJson(json, where, {suggestions}) as Record<string, unknown>
}

/** `__metadata__` holds texts; a tensor of that name would be lost to other readers. */
function checkMetadata(path: string, metadata: unknown): void {
  const isObject = typeof metadata === 'object' && !Array.isArray(metadata)
  const isSound = metadata == null || (isObject && Object.values(metadata).every((value) => typeof value === 'string'))
  if (!isSound) throw refusal(path, 'its __metadata__ holds more than texts')
}

function parseEntry(path: string, name: string, value: unknown): TensorEntry {
  const what = `tensor ${shown(name)}`
  const {dtype, shape, data_offsets: offsets} = (value ?? {}) as Record<string, unknown>
  if (typeof dtype === 'string' && quantisedDtypes.has(dtype))
    throw new DataError(`reading ${path}: ${what} has dtype ${dtype}, expected one of ${floats}: it is quantised`, {
      suggestions: ['use the checkpoint in bfloat16, or dequantise it in transformers and save it again'],
    })
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeSizes, dtype)) {
    throw refusal(path, `${what} has dtype ${shown(dtype)}, expected one of ${Object.keys(dtypeSizes).join(', ')}`)
  }
  if (!isSizes(shape)) throw refusal(path, `${what} has shape ${shown(shape)}`)
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw refusal(path, `${what} has data_offsets ${shown(offsets)}`)
  }
  const [begin, end] = offsets
  const expected = shape.reduce((product, size) => product * size, dtypeSizes[dtype as DtypeName])
  if (end - begin !== expected) {
    throw refusal(path, `${what} (${dtype}, shape ${shown(shape)}) has ${end - begin} bytes, expected ${expected}`)
  }
  return {name, dtype: dtype as DtypeName, shape, begin, end}
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}
