import {existsSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Parameter} from '../models/parameters.js'
import {type FloatTensor, findNonFinite, readSafetensors, readWeights, writeSafetensors} from '../store/index.js'
import {DataError} from '../util/errors.js'
import {isSameShape, sizeOf} from '../util/shape.js'
import type {ModelState} from './model-state.js'

/** Weights and moments on disk: `model.safetensors` with Hugging Face's names, `optimizer.safetensors` with ours. */

/**
 * Fills the weights from a checkpoint folder.
 *
 * @throws {DataError} when a tensor is missing, superfluous, of another shape, or not finite
 */
export async function loadWeights(state: ModelState, folder: string): Promise<void> {
  const tensors = readWeights(folder)
  const broken = findNonFinite(tensors)
  if (broken)
    throw new DataError(
      `${folder}: tensor ${broken.name} holds ${broken.value} at ${broken.index}; expected finite weights`,
    )
  for (const parameter of state.parameters)
    fillParameter(state.weights.get(parameter.name)!, parameter, tensors, folder)
  const known = new Set(state.parameters.flatMap(({parts}) => parts.map(({name}) => name)))
  const extra = [...tensors.keys()].filter((name) => !known.has(name) && !isHarmless(name, state.config.tiedHead))
  if (extra.length > 0)
    throw new DataError(`${folder}: tensor ${extra[0]} has no place in the model of its config.json`)
}

/** Tensors that some checkpoints carry and the mathematics does not need. */
function isHarmless(name: string, tiedHead: boolean): boolean {
  return name.endsWith('rotary_emb.inv_freq') || (tiedHead && name === 'lm_head.weight')
}

function fillParameter(
  weight: Float32Array,
  {parts, shape}: Parameter,
  tensors: ReadonlyMap<string, FloatTensor>,
  folder: string,
): void {
  let offset = 0
  for (const {name, rows} of parts) {
    const expected = [rows, ...shape.slice(1)]
    const tensor = tensors.get(name)
    if (!tensor) throw new DataError(`${folder}: tensor ${name} is missing; config.json asks for shape [${expected}]`)
    if (!isSameShape(tensor.shape, expected))
      throw new DataError(`${folder}: tensor ${name} has shape [${tensor.shape}]; config.json asks for [${expected}]`)
    weight.set(tensor.data, offset)
    offset += sizeOf(expected)
  }
}

/** Writes weights and `config.json`: a folder that transformers loads. */
export async function saveWeights(state: ModelState, folder: string): Promise<void> {
  const tensors = new Map<string, FloatTensor>()
  for (const {name: parameter, parts, shape} of state.parameters) {
    const weight = state.weights.get(parameter)!
    let offset = 0
    for (const {name, rows} of parts) {
      const partShape = [rows, ...shape.slice(1)]
      tensors.set(name, {dtype: 'F32', shape: partShape, data: weight.subarray(offset, offset + sizeOf(partShape))})
      offset += sizeOf(partShape)
    }
  }
  await writeSafetensors(join(folder, 'model.safetensors'), tensors)
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(asFloat32(state.config.source), null, 2)}\n`)
}

/** A `config.json` that names the element type of the weights beside it, in the dialects of transformers 4 and 5. */
function asFloat32(source: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = ['torch_dtype', 'dtype'].filter((name) => name in source)
  return {...source, ...Object.fromEntries(names.map((name) => [name, 'float32']))}
}

/** Writes the optimizer's moments and its number of updates. */
export async function saveOptimizer(state: ModelState, folder: string): Promise<void> {
  const tensors = new Map<string, FloatTensor>()
  for (const {name, shape} of state.parameters) {
    const {first, second} = state.momentsOf(name)
    tensors.set(`${name}/first`, {dtype: 'F32', shape, data: first})
    tensors.set(`${name}/second`, {dtype: 'F32', shape, data: second})
  }
  tensors.set('updates', {dtype: 'F32', shape: [1], data: Float32Array.of(state.updates)})
  await writeSafetensors(join(folder, 'optimizer.safetensors'), tensors)
}

/**
 * Restores what `saveOptimizer` wrote.
 *
 * @throws {DataError} when the folder has no optimizer state or it does not fit the model
 */
export async function loadOptimizer(state: ModelState, folder: string): Promise<void> {
  const file = join(folder, 'optimizer.safetensors')
  if (!existsSync(file)) throw new DataError(`${file} is missing: the run cannot resume from this checkpoint`)
  const tensors = readSafetensors(file)
  const read = (name: string, into: Float32Array) => {
    const tensor = tensors.get(name)
    if (tensor?.data.length !== into.length) throw new DataError(`${file}: ${name} does not fit the model`)
    into.set(tensor.data as Float32Array)
  }
  for (const {name} of state.parameters) {
    const {first, second} = state.momentsOf(name)
    read(`${name}/first`, first)
    read(`${name}/second`, second)
  }
  const updates = new Float32Array(1)
  read('updates', updates)
  state.updates = updates[0]
}
