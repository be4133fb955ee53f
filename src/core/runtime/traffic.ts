import type {Graph} from '../onnx/graph.js'
import {tensorBytes} from '../onnx/live-tensor.js'
import type {TensorType} from '../onnx/types.js'

/** Bytes that pass between host and device where runs copy what they are fed. */
export interface GraphTraffic {
  readonly toDevice: number
  readonly fromDevice: number
}

let passed: GraphTraffic = {toDevice: 0, fromDevice: 0}

/** What one run of a graph is fed, and what it hands out. */
export function trafficOf(graph: Graph): GraphTraffic {
  const bytes = (tensors: readonly TensorType[]) => tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0)
  return {toDevice: bytes(graph.inputs), fromDevice: bytes(graph.outputs.map(({value}) => value))}
}

/** Notes a run of this thread. */
export function countRun({toDevice, fromDevice}: GraphTraffic): void {
  passed = {toDevice: passed.toDevice + toDevice, fromDevice: passed.fromDevice + fromDevice}
}

/** What all runs of this thread were fed and handed out so far, whether it crossed a bus or was read in place. */
export function passedSoFar(): GraphTraffic {
  return passed
}
