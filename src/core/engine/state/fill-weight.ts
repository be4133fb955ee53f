import {DataError} from '../../util/errors.js'
import type {WeightFiles} from '../../weights/index.js'

/**
 * Fills a weight from its tensor, a piece at a time.
 *
 * @throws {DataError} naming file and tensor when a value is not finite
 */
export function fillWeight(files: WeightFiles, name: string, target: Float32Array): void {
  for (const {offset, values} of files.pieces(name)) {
    const broken = findNonFinite(values)
    if (broken >= 0)
      throw new DataError(
        `${files.pathOf(name)}: tensor ${name} holds ${values[broken]} at ${offset + broken}; expected finite weights`,
      )
    target.set(values, offset)
  }
}

/** Index of the first value that is NaN or infinite, or -1. */
function findNonFinite(values: Float32Array): number {
  const exponent = 0x7f800000
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < words.length; i++) if ((words[i] & exponent) === exponent) return i
  return -1
}
