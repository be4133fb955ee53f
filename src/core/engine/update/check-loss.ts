import type {LossScale} from '../../optim/loss-scale.js'
import {NumericError} from '../../util/errors.js'

/**
 * Checks a loss before gradients are looked at: where it is not finite, no loss scale makes them so.
 *
 * @throws {NumericError}
 */
export function checkLoss(name: string, loss: number, scale: LossScale | null): void {
  if (Number.isFinite(loss)) return
  const suggestions = scale ? ['if activations are beyond the range of float16, 65,504: set precision to float32'] : []
  throw new NumericError(`${name} is ${loss}; expected a finite number`, {suggestions})
}
