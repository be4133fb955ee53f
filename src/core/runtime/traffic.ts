import type {Graph} from '../onnx/graph.js'
import {tensorBytes} from '../onnx/live-tensor.js'
import type {TensorType} from '../onnx/types.js'

/** Bytes that pass between host and device where runs copy what they are fed. */
export interface GraphTraffic {
  readonly toDevice: number
  readonly fromDevice: number
}

let passed: GraphTraffic = {toDevice: 0, fromDevice: 0}

/** Bytes of a graph's inputs and outputs: what one run copies to and from a device. */
export function trafficOf(graph: Graph): GraphTraffic {
  const bytes = (tensors: readonly TensorType[]) => tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0)
  return {toDevice: bytes(graph.inputs), fromDevice: bytes(graph.outputs.map(({value}) => value))}
}

/** Adds the bytes of one run to the count of this thread. */
export function countRun({toDevice, fromDevice}: GraphTraffic): void {
  passed = {toDevice: passed.toDevice + toDevice, fromDevice: passed.fromDevice + fromDevice}
}

/** Bytes of the inputs and outputs of all runs of this thread so far, whether they crossed a bus or were read in place. */
export function passedSoFar(): GraphTraffic {
  return passed
}
