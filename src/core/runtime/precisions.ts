import type {PrecisionName} from '../config/names.js'
import type {Graph} from '../onnx/graph.js'
import {halveProducts} from '../onnx/half-products.js'
import {UsageError} from '../util/errors.js'
import {type Device, devices} from './devices.js'

/** All that the program knows of a precision of matrix products. */
export interface Precision {
  /**
   * Brings a finished graph, gradients included, to the precision.
   *
   * @param isFedHalf whether an input of that name may become float16
   */
  readonly convert: (graph: Graph, isFedHalf?: (name: string) => boolean) => void
  /** Whether gradients may fall below or rise beyond its range, so that the loss is scaled. */
  readonly scalesLoss: boolean
}

/** What each precision setting stands for. Whatever is no matrix product is float32, weights and their updates included. */
export const precisions: Readonly<Record<PrecisionName, Precision>> = {
  float32: {convert: () => {}, scalesLoss: false},
  float16: {convert: (graph, isFedHalf) => halveProducts(graph, 'half', isFedHalf), scalesLoss: true},
  'float16-rounded': {convert: (graph, isFedHalf) => halveProducts(graph, 'rounded', isFedHalf), scalesLoss: true},
}

/**
 * Checks that a device computes products in a precision.
 *
 * @throws {UsageError} naming the precisions that it has
 */
export function checkPrecision(device: Device, precision: PrecisionName): void {
  const has = devices[device].precisions
  if (has.includes(precision)) return
  const others = Object.entries(devices).flatMap(([name, kind]) => (kind.precisions.includes(precision) ? [name] : []))
  throw new UsageError(
    `config: precision is ${precision}, which device ${device} cannot compute; it can compute ${has.join(' and ')}`,
    {suggestions: [`use --device ${others.join(' or ')}`, `set precision to ${has.join(' or ')}`]},
  )
}
