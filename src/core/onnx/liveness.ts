import {broadcastShapes, sizeOf} from '../util/shape.js'
import {executionOrder} from './execution-order.js'
import type {Graph} from './graph.js'
import {bodyOf, valuesReadBy} from './nodes.js'
import type {DType, OpNode, OpType, TensorType, Value} from './types.js'

/** A tensor that is in memory at some moment. */
export interface LiveTensor extends TensorType {
  /** Name of the node that computes it, with its scopes. */
  readonly name: string
  readonly bytes: number
}

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

/** Bytes of one element. */
const elementBytes: Readonly<Record<DType, number>> = {float32: 4, float64: 8, int64: 8, bool: 1}

/** Operators whose output is their input under another shape. */
const views: ReadonlySet<OpType> = new Set<OpType>(['Reshape'])

/** Operators that onnxruntime lets write over an input of the same size that nobody reads afterwards: as measured. */
const inPlace: ReadonlySet<OpType> = new Set<OpType>(['Sigmoid', 'Softmax', 'LogSoftmax', 'ScatterElements'])

/** Tensors that an operator holds for itself while it runs: as measured. */
const scratch: {readonly [K in OpType]?: (node: OpNode) => readonly TensorType[]} = {
  ScatterElements: ({inputs: [, indices]}) => [indices],
  Where: ({inputs: [condition, ...choices]}) =>
    choices.map(({dtype, shape}) => ({dtype, shape: broadcastShapes(condition.shape, shape)})),
}

/** Memory that holds one tensor after another, from the node that fills it first to the last one that reads it. */
class Room {
  readonly held: {readonly tensor: LiveTensor; readonly from: number}[] = []
  to = 0

  constructor(
    readonly from: number,
    readonly bytes: number,
  ) {}

  hold(tensor: LiveTensor, from: number, to: number): this {
    this.held.push({tensor, from})
    this.to = Math.max(this.to, to)
    return this
  }

  /** The tensor in it when a node runs; between two tensors, the one before. */
  at(index: number): LiveTensor | undefined {
    return index < this.from || index > this.to ? undefined : this.held.findLast(({from}) => from <= index)!.tensor
  }
}

/** Bytes of a tensor. */
export function tensorBytes({dtype, shape}: TensorType): number {
  return elementBytes[dtype] * sizeOf(shape)
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
 */
export function livenessOf(graph: Graph, trips = 1): Liveness {
  const nodes = executionOrder(graph)
  const {rooms, constantBytes} = new RoomPlan(graph, nodes, trips)
  const changes = new Float64Array(nodes.length + 1)
  for (const {from, to, bytes} of rooms) {
    changes[from] += bytes
    changes[to + 1] -= bytes
  }
  let held = 0
  let peak = {bytes: 0, index: 0}
  nodes.forEach((node, index) => {
    held += changes[index]
    const bytes = held + totalBytes(inside(node, trips))
    if (bytes > peak.bytes) peak = {bytes, index}
  })
  const fullest = nodes[peak.index]
  const outer = rooms.flatMap((room) => room.at(peak.index) ?? [])
  const live = fullest ? [...outer, ...inside(fullest, trips)] : []
  return {
    peakBytes: peak.bytes,
    constantBytes,
    at: fullest?.name ?? '',
    live: live.toSorted((a, b) => b.bytes - a.bytes),
  }
}

/** Which tensor is put into which memory: what onnxruntime's planner decides when it compiles a graph. */
class RoomPlan {
  readonly rooms: Room[] = []
  constantBytes = 0
  private readonly roots = new Map<Value, Value>()
  private readonly lastReads = new Map<Value, number>()
  private readonly places = new Map<Value, Room>()
  private readonly vacant = new Map<string, Room[]>()
  private readonly outputs: ReadonlySet<Value>
  private readonly end: number

  constructor(
    graph: Graph,
    nodes: readonly OpNode[],
    private readonly trips: number,
  ) {
    this.end = nodes.length - 1
    for (const node of nodes) if (views.has(node.op)) this.roots.set(node.outputs[0], this.rootOf(node.inputs[0]))
    nodes.forEach((node, index) => {
      for (const value of [...valuesReadBy(node), ...node.outputs]) this.lastReads.set(this.rootOf(value), index)
    })
    this.outputs = new Set(graph.outputs.map(({value}) => this.rootOf(value)))
    for (const output of this.outputs) this.lastReads.set(output, this.end)
    const constants = new Set(graph.constants.map(({value}) => value))
    nodes.forEach((node, index) => {
      if (node.op !== 'Loop' && node.inputs.every((input) => constants.has(input))) this.fold(node, constants)
      else this.place(node, index)
    })
  }

  private rootOf(value: Value): Value {
    return this.roots.get(value) ?? value
  }

  /** A node that follows from constants. */
  private fold(node: OpNode, constants: Set<Value>): void {
    for (const output of node.outputs) {
      constants.add(output)
      if (!views.has(node.op)) this.constantBytes += this.open(tensorOf(node, output), 0, this.end).bytes
    }
  }

  private place(node: OpNode, index: number): void {
    const overwritten = inPlace.has(node.op) ? this.dyingInput(node, index) : undefined
    const outputs = views.has(node.op) ? [] : node.outputs
    outputs.forEach((output, i) => {
      const tensor = tensorOf(node, output, isScanned(node, i) ? this.trips : 1)
      const to = this.lastReads.get(output)!
      const free = this.outputs.has(output) ? undefined : (overwritten ?? this.vacant.get(keyOf(output))?.pop())
      this.places.set(output, free ? free.hold(tensor, index, to) : this.open(tensor, index, to))
    })
    this.vacate(node, index, overwritten)
  }

  private open(tensor: LiveTensor, from: number, to: number): Room {
    const room = new Room(from, tensor.bytes).hold(tensor, from, to)
    this.rooms.push(room)
    return room
  }

  /** Memory of an input that is read for the last time and as large as the output. */
  private dyingInput(node: OpNode, index: number): Room | undefined {
    const bytes = tensorBytes(node.outputs[0])
    if (this.outputs.has(node.outputs[0])) return undefined
    return node.inputs
      .map((input) => this.rootOf(input))
      .filter((root) => this.lastReads.get(root) === index && !this.outputs.has(root))
      .map((root) => this.places.get(root))
      .find((room) => room?.bytes === bytes)
  }

  /** Offers the memory of what was read for the last time to later tensors of the same shape. */
  private vacate(node: OpNode, index: number, overwritten: Room | undefined): void {
    const read = new Set([...valuesReadBy(node), ...node.outputs].map((value) => this.rootOf(value)))
    for (const root of read) {
      const room = this.places.get(root)
      if (!room || room === overwritten || this.lastReads.get(root) !== index || this.outputs.has(root)) continue
      const key = keyOf(root)
      this.vacant.set(key, [...(this.vacant.get(key) ?? []), room])
    }
  }
}

function keyOf({dtype, shape}: TensorType): string {
  return `${elementBytes[dtype]} ${shape}`
}

function tensorOf({name}: OpNode, {dtype, shape}: TensorType, count = 1): LiveTensor {
  return {name, dtype, shape, bytes: count * tensorBytes({dtype, shape})}
}

/** Whether an output of a Loop collects a tensor per trip. */
function isScanned(node: OpNode, output: number): boolean {
  return node.op === 'Loop' && output >= node.inputs.length - 2
}

/** What a node holds while it runs besides inputs and outputs; the outputs of a Loop hold its newest carried values. */
function inside(node: OpNode, trips: number): LiveTensor[] {
  const body = bodyOf(node)
  if (!body) return (scratch[node.op]?.(node) ?? []).map((tensor) => tensorOf(node, tensor))
  const next = new Set(body.outputs.map(({value}) => value.name))
  const before = body.inputs.slice(2).map((value) => tensorOf(node, value))
  return [...before, ...livenessOf(body, trips).live.filter(({name}) => !next.has(name))]
}

function totalBytes(tensors: readonly LiveTensor[]): number {
  return tensors.reduce((sum, {bytes}) => sum + bytes, 0)
}
