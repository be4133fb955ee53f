import {NumericError} from '../util/errors.js'

/**
 * Refuses numbers of a model that are not finite: a comparison with NaN is false, so an argmax or a threshold would go on in
 * silence.
 *
 * @param nameOf says in words what the number at an index is
 * @param isHalf whether products are in float16, which may be why
 * @param suggestions what to try besides
 * @throws {NumericError}
 */
export function checkFinite(
  values: Float32Array | readonly number[],
  nameOf: (index: number) => string,
  isHalf: boolean,
  suggestions: readonly string[] = ['use an earlier checkpoint: the weights of this one may be broken'],
): void {
  const index = values.findIndex((value) => !Number.isFinite(value))
  if (index < 0) return
  throw new NumericError(`${nameOf(index)} is ${values[index]}; expected a finite number`, {
    suggestions: [...halfSuggestions(isHalf), ...suggestions],
  })
}

function halfSuggestions(isHalf: boolean): string[] {
  return isHalf ? ['if activations are beyond the range of float16, 65,504: set precision to float32'] : []
}
