import {valuesChanged} from '../../runtime/half-copies.js'
import {DataError} from '../../util/errors.js'
import {isSameShape} from '../../util/shape.js'
import type {FloatValues, SafetensorsFile} from '../../weights/index.js'

/**
 * Fills tensors from a file, by name; nothing is filled where one does not fit.
 *
 * @throws {DataError} naming the file and the tensor that is missing, has another shape or holds integers
 */
export function fillTensors(file: SafetensorsFile, targets: ReadonlyMap<string, FloatValues>): void {
  for (const [name, {shape}] of targets)
    if (!isSameShape(file.entries.get(name)?.shape ?? [], shape))
      throw new DataError(`${file.path}: ${name} does not fit the model`)
  for (const [name, {data}] of targets) {
    for (const {offset, values} of file.pieces(name)) data.set(values, offset)
    valuesChanged(data)
  }
}
