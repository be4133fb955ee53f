import {join} from 'node:path'
import {replaceFile, replaceText, writeFully} from '../files/durable.js'
import {DataError, NumericError} from '../util/errors.js'
import {sizeOf} from '../util/shape.js'
import {narrowings, type WrittenDtype} from './narrow.js'
import {indexName, weightsName} from './weight-files.js'

/** A tensor to write: its values, read once, when it is written, fill its shape row by row. */
export interface FloatValues {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** How weights are written. */
export interface WeightFormat {
  readonly dtype: WrittenDtype
  /** Bytes of tensors that a file may hold; more are split over several. A tensor beyond it has a file of its own. */
  readonly maxShardBytes: number
}

/** One float32 file. */
const plain: WeightFormat = {dtype: 'F32', maxShardBytes: Number.POSITIVE_INFINITY}
/** What transformers reads without a warning. */
const usualMetadata = {format: 'pt'}
const pieceValues = 2 ** 16

/** Bytes of a value of each dtype. */
const sizes: Readonly<Record<WrittenDtype, number>> = {F32: 4, BF16: narrowings.BF16.size, F16: narrowings.F16.size}

/**
 * Writes float32 tensors as one safetensors file, names sorted, header padded with spaces to 8 bytes.
 *
 * The same tensors give the same bytes. `path` holds either its old content or all of the new.
 *
 * @param dtype dtype in the file; values are rounded to the nearest, ties to even
 * @throws {DataError} when a tensor's data do not fill its shape, or it is called `__metadata__` or `__proto__`
 * @throws {NumericError} naming the tensor of which a value lies beyond the range of `dtype`
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, FloatValues>,
  dtype: WrittenDtype = 'F32',
): Promise<void> {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))
  const header: [string, unknown][] = [['__metadata__', usualMetadata]]
  let end = 0
  for (const [name, {shape}] of sorted) {
    if (['__metadata__', '__proto__'].includes(name))
      throw new DataError(`writing ${path}: a tensor must not be called ${name}`)
    const begin = end
    end += sizeOf(shape) * sizes[dtype]
    header.push([name, {dtype, shape, data_offsets: [begin, end]}])
  }
  await replaceFile(path, async (handle) => {
    await writeFully(handle, frameHeader(JSON.stringify(Object.fromEntries(header))))
    for (const [name, {shape, data}] of sorted) {
      if (data.length !== sizeOf(shape))
        throw new DataError(`writing ${path}: tensor ${name} has ${data.length} values, expected shape [${shape}]`)
      for (const bytes of encode(data, dtype, `writing ${path}: tensor ${name}`)) await writeFully(handle, bytes)
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

/** Values as the bytes of a dtype, a piece at a time; the next piece overwrites them. */
function* encode(values: Float32Array, dtype: WrittenDtype, where: string): Generator<Uint8Array> {
  if (dtype === 'F32') {
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    return
  }
  const target = new Uint16Array(Math.min(values.length, pieceValues))
  for (let offset = 0; offset < values.length; offset += pieceValues) {
    const piece = values.subarray(offset, offset + pieceValues)
    const tooLarge = narrowings[dtype].narrow(piece, target)
    if (tooLarge >= 0)
      throw new NumericError(
        `${where} holds ${piece[tooLarge]} at ${offset + tooLarge}, beyond the range of ${dtype}`,
        {
          suggestions: ['save as float32: checkpoint.dtype'],
        },
      )
    yield new Uint8Array(target.buffer, 0, piece.length * target.BYTES_PER_ELEMENT)
  }
}

/**
 * Writes weights into a folder as transformers does: `model.safetensors`, or, beyond `maxShardBytes`, numbered shards in the
 * order of `tensors` and `model.safetensors.index.json`.
 *
 * @throws {DataError} {NumericError} {RuntimeFailure} as `writeSafetensors` does
 */
export async function writeWeights(
  folder: string,
  tensors: ReadonlyMap<string, FloatValues>,
  {dtype, maxShardBytes}: WeightFormat = plain,
): Promise<void> {
  const shards = splitByBytes(tensors, sizes[dtype], maxShardBytes)
  if (shards.length <= 1) return writeSafetensors(join(folder, weightsName), tensors, dtype)
  const weightMap: Record<string, string> = {}
  for (const [index, shard] of shards.entries()) {
    const number = (value: number) => String(value).padStart(5, '0')
    const file = weightsName.replace('.', `-${number(index + 1)}-of-${number(shards.length)}.`)
    for (const name of shard.keys()) weightMap[name] = file
    await writeSafetensors(join(folder, file), shard, dtype)
  }
  const count = [...tensors.values()].reduce((sum, {shape}) => sum + sizeOf(shape), 0)
  const metadata = {total_parameters: count, total_size: count * sizes[dtype]}
  const sorted = Object.fromEntries(Object.entries(weightMap).sort(([a], [b]) => (a < b ? -1 : 1)))
  await replaceText(join(folder, indexName), `${JSON.stringify({metadata, weight_map: sorted}, null, 2)}\n`)
}

function splitByBytes(
  tensors: ReadonlyMap<string, FloatValues>,
  size: number,
  maxBytes: number,
): Map<string, FloatValues>[] {
  const shards: Map<string, FloatValues>[] = []
  let room = 0
  for (const [name, tensor] of tensors) {
    const bytes = sizeOf(tensor.shape) * size
    if (shards.length === 0 || bytes > room) {
      shards.push(new Map())
      room = maxBytes
    }
    shards.at(-1)!.set(name, tensor)
    room -= bytes
  }
  return shards
}
