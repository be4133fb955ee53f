import type {PrecisionName} from '../../config/names.js'
import type {Graph} from '../../onnx/graph.js'
import type {DeviceKind} from '../../runtime/devices/device-kind.js'
import {precisions} from '../../runtime/precisions.js'
import type {DecoderGraph} from './decoder-graph.js'

/**
 * Brings a finished graph, gradients included, to a precision. Where runs copy what they are fed, a weight that only enters
 * products of float16 becomes an input of float16: half of its bytes cross. Elsewhere graphs round the float32 weights
 * that they read in place.
 */
export function toPrecision(
  {op, weights}: DecoderGraph,
  precision: PrecisionName = 'float32',
  {readsInPlace}: Pick<DeviceKind, 'readsInPlace'>,
): Graph {
  precisions[precision].convert(op.graph, (name) => !readsInPlace && weights.find(name) !== undefined)
  return op.graph
}
