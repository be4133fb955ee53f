import {isSameShape, normalizeAxis, type Shape} from '../util/shape.js'
import {Graph} from './graph.js'
import type {ConstantType, DType, FloatType, OpAttrs, OpType, Value} from './types.js'

/** What a loop body computes in one trip. */
export interface LoopStep {
  /** Scalar bool: go on? */
  readonly goOn: Value
  /** Next values of the carried tensors, same types as they came in. */
  readonly carried: readonly Value[]
  /** Tensors collected over the trips. */
  readonly scanned: readonly Value[]
}

/** One typed method per operator, on one graph and one float type. */
export class Ops {
  constructor(
    readonly graph: Graph,
    readonly float: FloatType = 'float32',
  ) {}

  /** The output of an operator that has one. */
  private emit<K extends OpType>(op: K, inputs: readonly Value[], attrs: OpAttrs[K]): Value {
    return this.graph.emit(op, inputs, attrs)[0]
  }

  scope<T>(name: string, build: () => T): T {
    return this.graph.scope(name, build)
  }

  /** A float input of the graph's float type. */
  input(name: string, shape: Shape): Value {
    return this.graph.input(name, this.float, shape)
  }

  indexInput(name: string, shape: Shape): Value {
    return this.graph.input(name, 'int64', shape)
  }

  /** A float scalar. */
  scalar(value: number): Value {
    return this.graph.constant(this.float, [], [value])
  }

  /** An int64 constant: a scalar or a tensor of the given shape. */
  index(data: number | readonly number[], shape?: Shape): Value {
    return typeof data === 'number'
      ? this.graph.constant('int64', [], [data])
      : this.graph.constant('int64', shape ?? [data.length], data)
  }

  bool(value: boolean): Value {
    return this.graph.constant('bool', [], [Number(value)])
  }

  zeros(shape: Shape, dtype: ConstantType = this.float): Value {
    return this.expand(this.graph.constant(dtype, [], [0]), shape)
  }

  add = (a: Value, b: Value) => this.emit('Add', [a, b], {})
  sub = (a: Value, b: Value) => this.emit('Sub', [a, b], {})
  mul = (a: Value, b: Value) => this.emit('Mul', [a, b], {})
  div = (a: Value, b: Value) => this.emit('Div', [a, b], {})
  min = (a: Value, b: Value) => this.emit('Min', [a, b], {})
  max = (a: Value, b: Value) => this.emit('Max', [a, b], {})
  neg = (x: Value) => this.emit('Neg', [x], {})
  exp = (x: Value) => this.emit('Exp', [x], {})
  sqrt = (x: Value) => this.emit('Sqrt', [x], {})
  sigmoid = (x: Value) => this.emit('Sigmoid', [x], {})
  less = (a: Value, b: Value) => this.emit('Less', [a, b], {})
  equal = (a: Value, b: Value) => this.emit('Equal', [a, b], {})
  not = (x: Value) => this.emit('Not', [x], {})
  or = (a: Value, b: Value) => this.emit('Or', [a, b], {})
  where = (condition: Value, a: Value, b: Value) => this.emit('Where', [condition, a, b], {})
  cast = (x: Value, to: DType) => (x.dtype === to ? x : this.emit('Cast', [x], {to}))
  softmax = (x: Value) => this.emit('Softmax', [x], {axis: x.shape.length - 1})
  logSoftmax = (x: Value) => this.emit('LogSoftmax', [x], {axis: x.shape.length - 1})

  matMul = (a: Value, b: Value) => this.emit('MatMul', [a, b], {})

  /** alpha * op(a) x op(b), where op transposes the last two axes if asked to. */
  fusedMatMul(a: Value, b: Value, {transA = 0, transB = 0, alpha = 1}: Partial<OpAttrs['FusedMatMul']> = {}): Value {
    return this.emit('FusedMatMul', [a, b], {transA, transB, alpha})
  }

  transpose = (x: Value, perm: readonly number[]) => this.emit('Transpose', [x], {perm})

  reshape(x: Value, shape: Shape): Value {
    return isSameShape(x.shape, shape) ? x : this.emit('Reshape', [x], {shape})
  }

  expand(x: Value, shape: Shape): Value {
    return isSameShape(x.shape, shape) ? x : this.emit('Expand', [x], {shape})
  }

  /** Elements `start` to `end` (not included) of one axis. */
  slice(x: Value, axis: number, start: number, end: number): Value {
    const at = normalizeAxis(axis, x.shape.length)
    return start === 0 && end === x.shape[at] ? x : this.emit('Slice', [x], {axis: at, start, end})
  }

  /** Cuts one axis into pieces of the given sizes. */
  split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
    return sizes.length === 1 ? [x] : this.graph.emit('Split', [x], {axis: normalizeAxis(axis, x.shape.length), sizes})
  }

  /** Zeros around one axis. */
  pad(x: Value, axis: number, before: number, after: number): Value {
    return before + after === 0 ? x : this.emit('Pad', [x], {axis, before, after})
  }

  concat(parts: readonly Value[], axis: number): Value {
    return parts.length === 1
      ? parts[0]
      : this.emit('Concat', parts, {axis: normalizeAxis(axis, parts[0].shape.length)})
  }

  /** Rows of `x`: its first axis gives way to the shape of the indices. */
  gather = (x: Value, indices: Value) => this.emit('Gather', [x, indices], {axis: 0})

  gatherElements(x: Value, indices: Value, axis: number): Value {
    return this.emit('GatherElements', [x, indices], {axis: normalizeAxis(axis, x.shape.length)})
  }

  /** `x` with `updates` written to (or added at) `indices` along one axis. */
  scatterElements(x: Value, indices: Value, updates: Value, axis: number, reduction: 'none' | 'add'): Value {
    return this.emit('ScatterElements', [x, indices, updates], {axis: normalizeAxis(axis, x.shape.length), reduction})
  }

  sum(x: Value, axes: readonly number[], keepdims: 0 | 1 = 1): Value {
    return this.emit('ReduceSum', [x], {axes: axes.map((axis) => normalizeAxis(axis, x.shape.length)), keepdims})
  }

  mean(x: Value, axes: readonly number[], keepdims: 0 | 1 = 1): Value {
    return this.emit('ReduceMean', [x], {axes: axes.map((axis) => normalizeAxis(axis, x.shape.length)), keepdims})
  }

  /** Sum of all elements, a scalar. */
  total(x: Value): Value {
    return x.shape.length === 0 ? x : this.sum(x, [...x.shape.keys()], 0)
  }

  /** Whether all elements of a bool tensor are true, a scalar bool. */
  all(x: Value): Value {
    const axes = [...x.shape.keys()]
    return this.cast(this.emit('ReduceMin', [this.cast(x, 'float32')], {axes, keepdims: 0}), 'bool')
  }

  cumSum = (x: Value, axis: number) => this.emit('CumSum', [x], {axis: normalizeAxis(axis, x.shape.length)})

  /** Index of the largest entry along one axis, which goes. */
  argMax(x: Value, axis: number): Value {
    return this.emit('ArgMax', [x], {axis: normalizeAxis(axis, x.shape.length), keepdims: 0})
  }

  /** The k largest entries of the last axis, largest first, with their indices. */
  topK(x: Value, k: number): {values: Value; indices: Value} {
    const [values, indices] = this.graph.emit('TopK', [x], {axis: x.shape.length - 1, k})
    return {values, indices}
  }

  /**
   * Runs `body` at most `maxTrips` times, for as long as it says so.
   *
   * @param body gets the Ops of the loop body, the trip index (int64 scalar) and the carried values
   * @returns final carried values and, per scanned tensor, its trips stacked in front ([trips, ...shape] at run time)
   */
  loop(
    maxTrips: Value,
    start: readonly Value[],
    body: (ops: Ops, trip: Value, carried: readonly Value[]) => LoopStep,
  ): {carried: readonly Value[]; scanned: readonly Value[]} {
    const inner = new Graph(this.graph)
    // A loop within a loop must not hide the names of the other's inputs, which its body may read.
    const within = 'inner_'.repeat(inner.depth - 1)
    const trip = inner.input(`${within}trip`, 'int64', [])
    inner.input(`${within}going`, 'bool', [])
    const carried = start.map((value, i) => inner.input(`${within}carried_${i}`, value.dtype, value.shape))
    const step = body(new Ops(inner, this.float), trip, carried)
    inner.output('go_on', step.goOn)
    step.carried.forEach((value, i) => {
      inner.output(`next_${i}`, value)
    })
    step.scanned.forEach((value, i) => {
      inner.output(`scanned_${i}`, value)
    })
    const outputs = this.graph.emit('Loop', [maxTrips, this.bool(true), ...start], {body: inner})
    return {carried: outputs.slice(0, start.length), scanned: outputs.slice(start.length)}
  }
}
