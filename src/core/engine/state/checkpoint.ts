import {existsSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {CheckpointDtype} from '../../config/names.js'
import {guardWrite} from '../../files/storage-error.js'
import type {ModelConfig} from '../../models/model-config.js'
import {embeddingName, headName} from '../../models/parameters.js'
import {DataError} from '../../util/errors.js'
import {isSameShape, sizeOf} from '../../util/shape.js'
import {
  type FloatValues,
  SafetensorsFile,
  shown,
  WeightFiles,
  type WeightFormat,
  writeSafetensors,
  writeWeights,
} from '../../weights/index.js'
import {explainExtra, explainMissing} from './explain-weights.js'
import {fillTensors} from './fill-tensors.js'
import {fillWeight} from './fill-weight.js'
import {mergedValues} from './merge-adapter.js'
import type {ModelState} from './model-state.js'
import {type Place, placesOf, valuesAt} from './places.js'
import {fieldsOf} from './tensor-fields.js'

/** Weights and moments on disk: Hugging Face's names for the weights, ours in `optimizer.safetensors`. */

/** How weights are saved; `maxShardBytes` is transformers' own limit unless it is given. */
export interface SaveFormat {
  /** Element type of the weights, in the words of `config.json`. */
  readonly dtype: CheckpointDtype
  readonly maxShardBytes?: number
  /** Whether the whole model, adapters merged, is written too, into the folder `mergedName`. */
  readonly isMerged?: boolean
}

/** Element types in the words of safetensors. */
export const storedDtypes: Readonly<Record<CheckpointDtype, WeightFormat['dtype']>> = {
  float32: 'F32',
  bfloat16: 'BF16',
  float16: 'F16',
}
const usualShardBytes = 5e9

/**
 * Checks that a checkpoint folder holds the weights of a model, by its headers alone: before memory is taken for them.
 *
 * @throws {DataError} when a tensor is missing, superfluous, of another shape or not floating-point
 */
export function checkWeights(config: ModelConfig, folder: string): void {
  openWeights(config, folder).close()
}

/**
 * Fills the weights from a checkpoint folder, a piece at a time.
 *
 * @throws {DataError} as `checkWeights` does, and when a weight is not finite, or a head that config.json ties to the
 *   embedding differs from it
 */
export async function loadWeights(state: ModelState, folder: string): Promise<void> {
  const files = openWeights(state.config, folder)
  try {
    for (const place of placesOf(state.config)) fillWeight(files, place.name, valuesAt(state.weights, place))
    if (state.config.tiedHead && files.has(headName)) checkTiedHead(files, state, folder)
  } finally {
    files.close()
  }
}

function openWeights(config: ModelConfig, folder: string): WeightFiles {
  const files = WeightFiles.open(folder)
  try {
    // A hostile number of layers must not be spelt out.
    if (config.layers > files.names.length)
      throw new DataError(
        `${folder}: config.json has num_hidden_layers ${config.layers}, but there are only ${files.names.length} tensors`,
      )
    const places = placesOf(config)
    checkNames(files, places, config, folder)
    for (const place of places) checkShape(files, place, config)
    return files
  } catch (error) {
    files.close()
    throw error
  }
}

/** Tensors that some checkpoints carry and the mathematics does not need: frequencies, a second head, stored masks. */
function isHarmless(files: WeightFiles, name: string, tiedHead: boolean): boolean {
  return name.endsWith('rotary_emb.inv_freq') || (tiedHead && name === headName) || files.dtypeOf(name) === 'BOOL'
}

function checkNames(files: WeightFiles, places: readonly Place[], config: ModelConfig, folder: string): void {
  const missing = places.filter(({name}) => !files.has(name))
  if (missing.length > 0) {
    const [{name, shape}, ...others] = missing
    const also = others.length > 0 ? `; also missing: ${listed(others.map((place) => place.name))}` : ''
    const {what, suggestions} = explainMissing(name, files.names)
    throw new DataError(`${folder}: tensor ${name} is missing; config.json asks for shape [${shape}]${also}${what}`, {
      suggestions,
    })
  }
  const known = new Set(places.map(({name}) => name))
  const extra = files.names.filter((name) => !known.has(name) && !isHarmless(files, name, config.tiedHead)).sort()
  if (extra.length > 0) {
    const {what, suggestions} = explainExtra(extra)
    throw new DataError(
      `${folder}: tensor ${shown(extra[0])} does not belong to the model that its config.json describes ` +
        `(model_type ${config.family}, num_hidden_layers ${config.layers})` +
        (extra.length > 1 ? `; the same holds for ${listed(extra.slice(1))}` : '') +
        what,
      {suggestions},
    )
  }
}

/** The first few names, and how many more there are. */
function listed(names: readonly string[]): string {
  const few = names.slice(0, 5).map(shown).join(', ')
  return names.length > 5 ? `${few} and ${names.length - 5} more` : few
}

function checkShape(files: WeightFiles, {name, shape: expected}: Place, config: ModelConfig): void {
  const shape = files.shapeOf(name)
  if (!isSameShape(shape, expected))
    throw new DataError(
      `${files.pathOf(name)}: tensor ${name} has shape [${shape}]; config.json asks for [${expected}] (${fieldsOf(name, config)})`,
    )
}

/** Of a head that is tied and stored nevertheless, one release of transformers takes the embedding, another the head. */
function checkTiedHead(files: WeightFiles, {weights}: ModelState, folder: string): void {
  const embedding = weights.get(embeddingName)!
  const refuse = () => {
    throw new DataError(
      `${folder}: config.json ties the head (tie_word_embeddings), but ${headName} and ${embeddingName} differ`,
      {suggestions: [`set tie_word_embeddings to false in config.json, or remove ${headName}`]},
    )
  }
  if (sizeOf(files.shapeOf(headName)) !== embedding.length) refuse()
  for (const {offset, values} of files.pieces(headName))
    for (let i = 0; i < values.length; i++) if (values[i] !== embedding[offset + i]) refuse()
}

/**
 * Writes weights, adapters merged into them, and `config.json`: a folder that transformers loads.
 *
 * @throws {NumericError} naming the tensor that `dtype` cannot hold
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function saveWeights(
  state: ModelState,
  folder: string,
  {dtype, maxShardBytes = usualShardBytes}: SaveFormat,
): Promise<void> {
  const tensors = new Map(placesOf(state.config).map((place) => [place.name, tensorAt(state, place)]))
  await writeWeights(folder, tensors, {dtype: storedDtypes[dtype], maxShardBytes})
  const file = join(folder, 'config.json')
  const config = withDtype(state.config.source, dtype)
  await guardWrite('writing', file, () => writeFile(file, `${JSON.stringify(config, null, 2)}\n`))
}

/** The values are merged when they are written, one tensor after the other. */
function tensorAt({config, weights}: ModelState, place: Place): FloatValues {
  return {
    shape: place.shape,
    get data() {
      return mergedValues(config, weights, place)
    },
  }
}

/**
 * A `config.json` that names the element type of the weights beside it: under `torch_dtype` as transformers 4 does, under
 * `dtype` as transformers 5 does, whichever is there. Where there is neither, float32 goes without saying.
 */
function withDtype(source: Readonly<Record<string, unknown>>, dtype: CheckpointDtype): Record<string, unknown> {
  const names = ['torch_dtype', 'dtype'].filter((name) => name in source)
  if (names.length === 0 && dtype !== 'float32') names.push('rope_parameters' in source ? 'dtype' : 'torch_dtype')
  return {...source, ...Object.fromEntries(names.map((name) => [name, dtype]))}
}

/**
 * Writes the optimizer's moments, its number of updates and the loss scale, where there is one.
 *
 * @param withWeights whether to keep the float32 weights too, because those saved beside are rounded
 */
export async function saveOptimizer(state: ModelState, folder: string, withWeights: boolean): Promise<void> {
  const tensors = new Map<string, FloatValues>()
  for (const {name, shape} of state.trained) {
    const {first, second} = state.momentsOf(name)
    tensors.set(`${name}/first`, {shape, data: first})
    tensors.set(`${name}/second`, {shape, data: second})
    if (withWeights) tensors.set(`${name}/weight`, {shape, data: state.weights.get(name)!})
  }
  tensors.set('updates', {shape: [1], data: Float32Array.of(state.updates)})
  const {lossScale} = state
  if (lossScale) tensors.set('loss_scale', {shape: [2], data: Float32Array.of(lossScale.factor, lossScale.goodUpdates)})
  await writeSafetensors(join(folder, 'optimizer.safetensors'), tensors)
}

/**
 * Restores what `saveOptimizer` wrote, the float32 weights included where they were kept.
 *
 * @throws {DataError} when the folder has no optimizer state or it does not fit the model
 */
export async function loadOptimizer(state: ModelState, folder: string): Promise<void> {
  const path = join(folder, 'optimizer.safetensors')
  if (!existsSync(path)) throw new DataError(`${path} is missing: the run cannot resume from this checkpoint`)
  const file = SafetensorsFile.open(path)
  try {
    const updates = new Float32Array(1)
    const lossScale = new Float32Array(2)
    const targets = new Map<string, FloatValues>([['updates', {shape: [1], data: updates}]])
    if (state.lossScale) targets.set('loss_scale', {shape: [2], data: lossScale})
    for (const {name, shape} of state.trained) {
      const {first, second} = state.momentsOf(name)
      targets.set(`${name}/first`, {shape, data: first})
      targets.set(`${name}/second`, {shape, data: second})
      const weight = `${name}/weight`
      if (file.entries.has(weight)) targets.set(weight, {shape, data: state.weights.get(name)!})
    }
    fillTensors(file, targets)
    state.updates = updates[0]
    if (state.lossScale) state.lossScale = {factor: lossScale[0], goodUpdates: lossScale[1]}
  } finally {
    file.close()
  }
}
