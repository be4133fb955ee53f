import {GraphError} from '../util/errors.js'
import {isSameShape, type Shape, sizeOf} from '../util/shape.js'
import {opSpecs} from './op-specs.js'
import type {Application, ConstantType, DType, OpAttrs, OpNode, OpType, TensorType, Value} from './types.js'

/** Data of a constant: numbers in row-major order (bool as 0 and 1). */
export interface Constant {
  readonly value: Value & {readonly dtype: ConstantType}
  readonly data: readonly number[]
}

/**
 * A graph under construction: inputs, constants, nodes in order of execution, named outputs.
 *
 * A loop body is a graph with a parent: it sees the parent's values and shares its name counter and constants.
 */
export class Graph {
  readonly inputs: Value[] = []
  readonly nodes: OpNode[] = []
  readonly outputs: {name: string; value: Value}[] = []
  readonly constants: Constant[] = []
  private readonly known = new Set<Value>()
  private readonly constantCache = new Map<string, Constant['value']>()
  private readonly scopes: string[] = []
  private counter = 0

  constructor(readonly parent?: Graph) {}

  private get root(): Graph {
    return this.parent?.root ?? this
  }

  /** Loops that this graph lies within. */
  get depth(): number {
    return this.parent ? this.parent.depth + 1 : 0
  }

  /** Declares a graph input. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.inputs.some((input) => input.name === name)) throw new GraphError(`graph input ${name} exists already`)
    return this.register(this.inputs, {name, dtype, shape})
  }

  /** Puts an input of another type in the place of one; whoever reads that must read the new one instead. */
  redeclare(input: Value, dtype: DType): Value {
    const other = {...input, dtype}
    this.inputs[this.inputs.indexOf(input)] = other
    this.known.delete(input)
    this.known.add(other)
    return other
  }

  /** A constant tensor; equal constants are one value. */
  constant(dtype: ConstantType, shape: Shape, data: readonly number[]): Value {
    if (this.parent) return this.root.constant(dtype, shape, data)
    if (data.length !== sizeOf(shape)) throw new GraphError(`constant of shape [${shape}] got ${data.length} numbers`)
    const key = `${dtype} ${shape} ${data}`
    const cached = this.constantCache.get(key)
    if (cached) return cached
    const value = {name: `constant_${this.constants.length}`, dtype, shape}
    this.constants.push({value, data})
    this.known.add(value)
    this.constantCache.set(key, value)
    return value
  }

  /** Names the nodes added by `build` after a part of the model. */
  scope<T>(name: string, build: () => T): T {
    this.scopes.push(name)
    try {
      return build()
    } finally {
      this.scopes.pop()
    }
  }

  /**
   * Appends an operator and returns its outputs.
   *
   * @throws {GraphError} naming the operator, its place and its input shapes when they do not fit
   */
  emit<K extends OpType>(op: K, inputs: readonly Value[], attrs: OpAttrs[K]): readonly Value[] {
    const name = [...this.allScopes(), `${op}_${this.root.counter++}`].join('/')
    for (const input of inputs)
      if (!this.sees(input)) throw new GraphError(`${name}: input ${input.name} belongs to another graph`)
    const types = this.infer(op, name, inputs, attrs)
    const outputs = types.map((type, i) => ({...type, name: types.length === 1 ? name : `${name}:${i}`}))
    this.nodes.push({op, name, inputs, outputs, attrs})
    for (const output of outputs) this.known.add(output)
    return outputs
  }

  /**
   * Puts another operator in the place of a node. It takes over the name and the outputs, so whoever reads those need not
   * know.
   *
   * @throws {GraphError} when its outputs are of another type
   */
  replace(node: OpNode, {op, inputs, attrs}: Application): OpNode {
    const types = this.infer(op, node.name, inputs, attrs)
    const isSame = types.length === node.outputs.length && types.every((type, i) => isSameType(type, node.outputs[i]))
    if (!isSame) throw new GraphError(`${node.name}: ${op} computes something else than ${node.op}`)
    const other = {op, name: node.name, inputs, outputs: node.outputs, attrs}
    this.nodes[this.nodes.indexOf(node)] = other
    return other
  }

  /**
   * Goes through the nodes from first to last. What `rewrite` emits comes before the node; the node that it returns takes
   * the place of the one that it was given, and must have its outputs.
   */
  rewrite(rewrite: (node: OpNode) => OpNode): void {
    for (const node of this.nodes.splice(0)) this.nodes.push(rewrite(node))
  }

  /**
   * Declares an input in place of a value that nodes of this graph compute: who reads the value reads the input. Nodes
   * that nobody reads any more are not encoded.
   */
  feed(name: string, computed: Value): void {
    const fed = this.input(name, computed.dtype, computed.shape)
    const newest = (value: Value) => (value === computed ? fed : value)
    this.rewrite((node) => ({...node, inputs: node.inputs.map(newest)}))
    for (const output of this.outputs) output.value = newest(output.value)
  }

  /** The graph, this or one around it, that a value is computed in, fed to or a constant of. */
  ownerOf(value: Value): Graph {
    if (this.known.has(value)) return this
    if (!this.parent) throw new GraphError(`value ${value.name} belongs to another graph`)
    return this.parent.ownerOf(value)
  }

  /** Declares `value` a graph output under `name`. */
  output(name: string, value: Value): void {
    if (!this.sees(value)) throw new GraphError(`output ${name}: ${value.name} belongs to another graph`)
    this.outputs.push({name, value})
  }

  /** Output types of a Loop around this body: final carried values, then scanned values stacked over the trips. */
  loopOutputTypes(loopInputs: readonly TensorType[]): TensorType[] {
    const carriedCount = loopInputs.length - 2
    const carried = this.outputs.slice(1, 1 + carriedCount).map(({value}) => value)
    carried.forEach((value, i) => {
      const start = loopInputs[i + 2]
      if (!isSameType(value, start))
        throw new GraphError(
          `Loop: carried value ${i} is ${start.dtype} [${start.shape}] but becomes ${value.dtype} [${value.shape}]`,
        )
    })
    // The number of trips is known at run time only; scanned outputs leave the graph as they are.
    const scanned = this.outputs.slice(1 + carriedCount).map(({value}) => ({dtype: value.dtype, shape: value.shape}))
    return [...carried.map(({dtype, shape}) => ({dtype, shape})), ...scanned]
  }

  private infer<K extends OpType>(op: K, name: string, inputs: readonly Value[], attrs: OpAttrs[K]) {
    try {
      return opSpecs[op].infer(inputs, attrs)
    } catch (error) {
      const shapes = inputs.map((input) => `${input.name} ${input.dtype}[${input.shape}]`).join(', ')
      throw new GraphError(`${name}: ${(error as Error).message}; inputs: ${shapes}`, {cause: error})
    }
  }

  private allScopes(): string[] {
    return [...(this.parent?.allScopes() ?? []), ...this.scopes]
  }

  private sees(value: Value): boolean {
    return this.known.has(value) || (this.parent?.sees(value) ?? false)
  }

  private register(list: Value[], value: Value): Value {
    list.push(value)
    this.known.add(value)
    return value
  }
}

function isSameType(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && isSameShape(a.shape, b.shape)
}
