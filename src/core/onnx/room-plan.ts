import type {Graph} from './graph.js'
import {elementBytes, type LiveTensor, tensorBytes, tensorOf} from './live-tensor.js'
import {valuesReadBy} from './nodes.js'
import type {OpNode, OpType, TensorType, Value} from './types.js'

/** Operators whose output is their input under another shape. */
const views: ReadonlySet<OpType> = new Set<OpType>(['Reshape'])

/** Operators that onnxruntime lets write over an input of the same size that nobody reads afterwards: as measured. */
const inPlace: ReadonlySet<OpType> = new Set<OpType>(['Sigmoid', 'Softmax', 'LogSoftmax', 'ScatterElements'])

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

/** Which tensor is put into which memory: what onnxruntime's planner decides when it compiles a graph. */
export class RoomPlan {
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
    private readonly writesElsewhere: boolean,
  ) {
    this.end = nodes.length - 1
    for (const node of nodes) if (views.has(node.op)) this.roots.set(node.outputs[0], this.rootOf(node.inputs[0]))
    nodes.forEach((node, index) => {
      for (const value of [...valuesReadBy(node), ...node.outputs]) this.lastReads.set(this.rootOf(value), index)
    })
    this.outputs = new Set(graph.outputs.map(({value}) => this.rootOf(value)))
    for (const output of this.outputs) this.lastReads.set(output, this.end)
    const constants = new Set<Value>(graph.constants.map(({value}) => value))
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
      if (this.writesElsewhere && this.outputs.has(output)) return
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

/** Whether an output of a Loop collects a tensor per trip. */
function isScanned(node: OpNode, output: number): boolean {
  return node.op === 'Loop' && output >= node.inputs.length - 2
}
