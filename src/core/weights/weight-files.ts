import {existsSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {guardRead} from '../files/storage-error.js'
import {DataError} from '../util/errors.js'
import {readPlainFile} from '../util/plain-file.js'
import {parseStrictJson} from '../util/strict-json.js'
import type {DtypeName} from './dtypes.js'
import {foreignWeights} from './foreign-weights.js'
import {type Piece, SafetensorsFile} from './safetensors-file.js'
import {shown} from './safetensors-header.js'

/** Weights in one file, as transformers names it. */
export const weightsName = 'model.safetensors'
/** The index of weights in several files. */
export const indexName = 'model.safetensors.index.json'

const maxIndexBytes = 100_000_000

/** The weights of a checkpoint, in one safetensors file or several; tensors are read when asked for. */
export class WeightFiles {
  private constructor(
    private readonly files: readonly SafetensorsFile[],
    private readonly places: ReadonlyMap<string, SafetensorsFile>,
  ) {}

  /**
   * Opens every file and checks its header.
   *
   * @param path a safetensors file, or a folder with `model.safetensors` or the shards that `model.safetensors.index.json`
   *   lists: plain file names, which may be links, as in the Hub's cache; tensors of a shard that the index does not list are
   *   passed over
   * @throws {DataError} when a file is missing or unsound, or a tensor is missing from its shard
   */
  static open(path: string): WeightFiles {
    const isFolder = guardRead('reading', path, () => statSync(path).isDirectory())
    const single = isFolder ? join(path, weightsName) : path
    const index = join(path, indexName)
    if (!isFolder || existsSync(single) || !existsSync(index)) {
      if (isFolder && !existsSync(single)) throw missingWeights(path)
      const file = SafetensorsFile.open(single)
      return new WeightFiles([file], new Map([...file.entries.keys()].map((name) => [name, file])))
    }
    return WeightFiles.openShards(path, readIndex(index))
  }

  private static openShards(folder: string, weightMap: ReadonlyMap<string, string>): WeightFiles {
    const files = new Map<string, SafetensorsFile>()
    try {
      for (const shard of [...new Set(weightMap.values())].sort())
        files.set(shard, SafetensorsFile.open(join(folder, shard)))
      for (const [name, shard] of weightMap) {
        if (files.get(shard)!.entries.has(name)) continue
        const other = [...files].find(([, {entries}]) => entries.has(name))
        throw new DataError(
          `reading ${join(folder, shard)}: tensor ${shown(name)}, which the index puts here, is ` +
            (other ? `in ${other[0]}` : 'missing'),
        )
      }
      const places = new Map([...weightMap].map(([name, shard]) => [name, files.get(shard)!]))
      return new WeightFiles([...files.values()], places)
    } catch (error) {
      for (const file of files.values()) file.close()
      throw error
    }
  }

  /** Names of all tensors. */
  get names(): string[] {
    return [...this.places.keys()]
  }

  has(name: string): boolean {
    return this.places.has(name)
  }

  /** Path of the file that holds a tensor of `names`. */
  pathOf(name: string): string {
    return this.places.get(name)!.path
  }

  /**
   * Shape of a floating-point tensor of `names`.
   *
   * @throws {DataError} when it holds integers
   */
  shapeOf(name: string): readonly number[] {
    return this.places.get(name)!.floatEntry(name).shape
  }

  /** Element type of a tensor of `names`. */
  dtypeOf(name: string): DtypeName {
    return this.places.get(name)!.entries.get(name)!.dtype
  }

  /**
   * Values of a floating-point tensor of `names`, in order, converted to float32.
   *
   * @throws {DataError} when it holds integers, or its file got shorter
   */
  pieces(name: string): Iterable<Piece> {
    return this.places.get(name)!.pieces(name)
  }

  close(): void {
    for (const file of this.files) file.close()
  }
}

function missingWeights(folder: string): DataError {
  const found = foreignWeights(folder)
  return new DataError(
    `reading ${join(folder, weightsName)}: no such file or folder (ENOENT)${found ? `; ${found.what}` : ''}`,
    {suggestions: [found?.remedy ?? `give a folder with ${weightsName}, or with ${indexName} and its shards`]},
  )
}

/** weight_map of an index: tensor name to shard name. */
function readIndex(path: string): Map<string, string> {
  const bytes = guardRead('reading', path, () => readPlainFile(path, maxIndexBytes))
  const {weight_map: weightMap} = (parseStrictJson(bytes, `reading ${path}: the index`) ?? {}) as Record<
    string,
    unknown
  >
  const isObject = typeof weightMap === 'object' && weightMap !== null && !Array.isArray(weightMap)
  const entries = isObject ? Object.entries(weightMap) : []
  if (entries.length === 0) throw new DataError(`reading ${path}: weight_map names no tensors`)
  for (const [name, shard] of entries) {
    const isPlain = typeof shard === 'string' && /^\w[\w.-]*\.safetensors$/.test(shard)
    if (!isPlain)
      throw new DataError(
        `reading ${path}: tensor ${shown(name)} is in ${JSON.stringify(shard).slice(0, 200)}, expected the name of a ` +
          'safetensors file of the same folder',
      )
  }
  return new Map(entries)
}
