import {broadcastShapes} from '../util/shape.js'
import {executionOrder} from './execution-order.js'
import type {Graph} from './graph.js'
import {type LiveTensor, tensorOf} from './live-tensor.js'
import {bodyOf} from './nodes.js'
import {RoomPlan} from './room-plan.js'
import type {OpNode, OpType, TensorType} from './types.js'

/** What a graph keeps in memory at its fullest moment, apart from what it is fed. */
export interface Liveness {
  /** Most bytes held at once. */
  readonly peakBytes: number
  /** Bytes that are computed from constants when the graph is compiled, and stay as long as it does. */
  readonly constantBytes: number
  /** Name of the node that runs at that moment. */
  readonly at: string
  /** The tensors held at that moment, largest first; their bytes add up to `peakBytes`. */
  readonly live: readonly LiveTensor[]
}

/** Tensors that an operator holds for itself while it runs: as measured. */
const scratch: {readonly [K in OpType]?: (node: OpNode) => readonly TensorType[]} = {
  ScatterElements: ({inputs: [, indices]}) => [indices],
  Where: ({inputs: [condition, ...choices]}) =>
    choices.map(({dtype, shape}) => ({dtype, shape: broadcastShapes(condition.shape, shape)})),
}

/**
 * Walks a graph as onnxruntime runs it on the CPU and finds the moment at which most bytes are held.
 *
 * A tensor is needed from the node that computes it to the last one that reads it, an output to the end. Its memory is
 * kept longer where a later tensor of the same shape moves in. Views share their input's memory. What follows from
 * constants alone is computed when the graph is compiled and stays. A Loop holds its carried values twice (of the trip
 * before and of this one) and what it scans once for every trip.
 *
 * @param trips trips that each Loop takes at the most
 * @param writesElsewhere whether outputs are written to memory that the caller has
 */
export function livenessOf(graph: Graph, trips = 1, writesElsewhere = false): Liveness {
  const nodes = executionOrder(graph)
  const {rooms, constantBytes} = new RoomPlan(graph, nodes, trips, writesElsewhere)
  const changes = new Float64Array(nodes.length + 1)
  for (const {from, to, bytes} of rooms) {
    changes[from] += bytes
    changes[to + 1] -= bytes
  }
  let held = 0
  let peak = {bytes: 0, index: 0}
  nodes.forEach((node, index) => {
    held += changes[index]
    const bytes = held + totalBytes(heldInside(node, trips))
    if (bytes > peak.bytes) peak = {bytes, index}
  })
  const fullest = nodes[peak.index]
  const outer = rooms.flatMap((room) => room.at(peak.index) ?? [])
  const live = fullest ? [...outer, ...heldInside(fullest, trips)] : []
  return {
    peakBytes: peak.bytes,
    constantBytes,
    at: fullest?.name ?? '',
    live: live.toSorted((a, b) => b.bytes - a.bytes),
  }
}

/** What a node holds while it runs besides inputs and outputs; the outputs of a Loop hold its newest carried values. */
export function heldInside(node: OpNode, trips = 1): LiveTensor[] {
  const body = bodyOf(node)
  if (!body) return (scratch[node.op]?.(node) ?? []).map((tensor) => tensorOf(node, tensor))
  const next = new Set(body.outputs.map(({value}) => value.name))
  const before = body.inputs.slice(2).map((value) => tensorOf(node, value))
  return [...before, ...livenessOf(body, trips).live.filter(({name}) => !next.has(name))]
}

function totalBytes(tensors: readonly LiveTensor[]): number {
  return tensors.reduce((sum, {bytes}) => sum + bytes, 0)
}
