import {closeSync, existsSync, fstatSync, openSync, readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {DataError} from '../util/errors.js'
import {sizeOf} from '../util/shape.js'
import {type DtypeName, dtypes, type TensorData} from './dtypes.js'
import {replaceFile, writeFully} from './durable.js'
import {readAt} from './read-at.js'
import {parseHeader, refusal, type TensorEntry} from './safetensors-header.js'
import {guardRead} from './storage-error.js'

/** A tensor as read: F32, F16, BF16 and F64 as float32, I32, I64 and U8 as they are. */
export interface Tensor<D extends TensorData = TensorData> {
  readonly shape: readonly number[]
  /** dtype in the file. */
  readonly dtype: DtypeName
  /** Row-major values. */
  readonly data: D
}

/** A tensor of floating-point numbers, as float32. */
export type FloatTensor = Tensor<Float32Array>

const maxHeaderBytes = 100_000_000
const weightsName = 'model.safetensors'
const indexName = 'model.safetensors.index.json'

/**
 * Writes float32 tensors as one safetensors file, names sorted, header padded with spaces to 8 bytes.
 *
 * The same tensors give the same bytes. `path` holds either its old content or all of the new.
 *
 * @param metadata text values under `__metadata__`; transformers wants `format: pt`, which is the default
 * @throws {DataError} when a tensor's data do not fill its shape
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, {readonly shape: readonly number[]; readonly data: Float32Array}>,
  metadata: Readonly<Record<string, string>> = {format: 'pt'},
): Promise<void> {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))
  const header: [string, unknown][] = [['__metadata__', metadata]]
  let end = 0
  for (const [name, {shape, data}] of sorted) {
    if (name === '__metadata__' || data.length !== sizeOf(shape)) {
      throw new DataError(`writing ${path}: tensor ${name} has ${data.length} values, expected shape [${shape}]`)
    }
    header.push([name, {dtype: 'F32', shape, data_offsets: [end, end + data.byteLength]}])
    end += data.byteLength
  }
  await replaceFile(path, async (handle) => {
    await writeFully(handle, frameHeader(JSON.stringify(Object.fromEntries(header))))
    for (const [, {data}] of sorted) {
      await writeFully(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    }
  })
}

function frameHeader(text: string): Uint8Array {
  const json = Buffer.from(text)
  const length = Math.ceil(json.length / 8) * 8
  const framed = Buffer.alloc(8 + length, ' ')
  framed.writeBigUInt64LE(BigInt(length))
  json.copy(framed, 8)
  return framed
}

/**
 * Tensors of one safetensors file by name, in the order of their bytes; one tensor's bytes in memory at a time besides the
 * results.
 *
 * @throws {DataError} when the file cannot be read, is truncated, or its header is not what the format allows
 */
export function readSafetensors(path: string): Map<string, Tensor> {
  const fd = guardRead('reading', path, () => openSync(path, 'r'))
  try {
    return guardRead('reading', path, () => {
      const {entries, start} = readHeader(fd, path)
      return new Map(entries.map((entry) => [entry.name, readTensor(fd, path, start, entry)]))
    })
  } finally {
    closeSync(fd)
  }
}

function readHeader(fd: number, path: string): {entries: TensorEntry[]; start: number} {
  const {size} = fstatSync(fd)
  if (size < 8) throw refusal(path, `it has ${size} bytes, too few for a header`)
  const length = Number(Buffer.from(readAt(fd, 0, 8)).readBigUInt64LE())
  if (length > maxHeaderBytes) throw refusal(path, `its header claims ${length} bytes, more than ${maxHeaderBytes}`)
  if (8 + length > size) throw refusal(path, `its header claims ${length} bytes, but only ${size - 8} follow`)
  return {entries: parseHeader(path, readAt(fd, 8, length), size - 8 - length), start: 8 + length}
}

function readTensor(fd: number, path: string, start: number, entry: TensorEntry): Tensor {
  const {name, shape, dtype, begin, end} = entry
  const bytes = readAt(fd, start + begin, end - begin) as Uint8Array<ArrayBuffer>
  if (bytes.byteLength < end - begin) throw refusal(path, `it ended while tensor ${name} was read`)
  return {shape, dtype, data: dtypes[dtype].read(bytes)}
}

/**
 * Floating-point tensors of a checkpoint, as float32.
 *
 * @param path a safetensors file, or a folder with `model.safetensors` or the shards that `model.safetensors.index.json` lists
 * @throws {DataError} when a file is missing or unsound, a tensor is missing from its shard, or one is not floating-point
 */
export function readWeights(path: string): Map<string, FloatTensor> {
  const isFolder = guardRead('reading', path, () => statSync(path).isDirectory())
  if (!isFolder) return onlyFloats(path, readSafetensors(path))
  const index = join(path, indexName)
  const single = join(path, weightsName)
  if (existsSync(single) || !existsSync(index)) return onlyFloats(single, readSafetensors(single))
  return readShards(path, readIndex(index))
}

/** weight_map of an index: tensor name to shard name. */
function readIndex(path: string): [string, string][] {
  const text = guardRead('reading', path, () => readFileSync(path, 'utf8'))
  const entries = Object.entries(parseIndex(path, text).weight_map ?? {})
  for (const [name, shard] of entries) {
    const isPlain = typeof shard === 'string' && /^[^/\\]+\.safetensors$/.test(shard)
    if (!isPlain)
      throw new DataError(`reading ${path}: tensor ${name} is in ${JSON.stringify(shard)}, expected a file name`)
  }
  if (entries.length === 0) throw new DataError(`reading ${path}: weight_map names no tensors`)
  return entries as [string, string][]
}

function parseIndex(path: string, text: string): {weight_map?: object} {
  try {
    return JSON.parse(text) ?? {}
  } catch (error) {
    throw new DataError(`reading ${path}: not JSON (${(error as Error).message})`, {cause: error})
  }
}

function readShards(folder: string, weightMap: [string, string][]): Map<string, FloatTensor> {
  const weights = new Map<string, FloatTensor>()
  for (const shard of [...new Set(weightMap.map(([, name]) => name))].sort()) {
    const path = join(folder, shard)
    const tensors = onlyFloats(path, readSafetensors(path))
    for (const [name] of weightMap.filter((entry) => entry[1] === shard)) {
      const tensor = tensors.get(name)
      if (tensor === undefined)
        throw new DataError(`reading ${path}: tensor ${name}, which the index puts here, is missing`)
      weights.set(name, tensor)
    }
  }
  return weights
}

function onlyFloats(path: string, tensors: Map<string, Tensor>): Map<string, FloatTensor> {
  for (const [name, {dtype, data}] of tensors) {
    if (!(data instanceof Float32Array)) {
      throw new DataError(`reading ${path}: tensor ${name} has dtype ${dtype}, expected floating-point weights`)
    }
  }
  return tensors as Map<string, FloatTensor>
}

/** The first value that is NaN or infinite, with its tensor's name and its index, or null where all are finite. */
export function findNonFinite(
  tensors: ReadonlyMap<string, {readonly data: Float32Array}>,
): {readonly name: string; readonly index: number; readonly value: number} | null {
  for (const [name, {data}] of tensors) {
    for (let index = 0; index < data.length; index++) {
      if (!Number.isFinite(data[index])) return {name, index, value: data[index]}
    }
  }
  return null
}
