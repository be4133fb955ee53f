import {GraphError} from '../util/errors.js'
import {broadcastShapes, broadcastsTo, isSameShape, type Shape, sizeOf, withSize} from '../util/shape.js'
import type {DType, OpAttrs, OpType, TensorType} from './types.js'

/** A constant int64 input that ONNX wants where we keep an attribute: a scalar or a list. */
export type IndexConstant = number | readonly number[]

interface OpSpec<Attrs> {
  readonly domain?: 'com.microsoft'
  /** Types of the outputs; throws a GraphError where the inputs do not fit. */
  infer(inputs: readonly TensorType[], attrs: Attrs): readonly TensorType[]
  /** Constant inputs that follow the tensor inputs in ONNX. */
  constants?(attrs: Attrs, inputs: readonly TensorType[]): readonly IndexConstant[]
  /** The attributes that stay attributes in ONNX; all of them when absent. */
  attributes?(attrs: Attrs): Readonly<Record<string, unknown>>
}

const none = () => ({})

function elementwise(dtype?: DType): OpSpec<object> {
  return {
    infer: (inputs) => {
      const common = commonType(inputs)
      return [{dtype: dtype ?? common, shape: inputs.map((x) => x.shape).reduce(broadcastShapes)}]
    },
  }
}

/** The one element type that all inputs have. */
function commonType(inputs: readonly TensorType[]): DType {
  const types = [...new Set(inputs.map((x) => x.dtype))]
  if (types.length > 1) throw new GraphError(`element types differ: ${types.join(' and ')}`)
  return types[0]
}

function checkIndices(indices: TensorType): void {
  if (indices.dtype !== 'int64') throw new GraphError(`indices are ${indices.dtype}; they must be int64`)
}

function reduction(): OpSpec<OpAttrs['ReduceSum']> {
  return {
    infer: ([x], {axes, keepdims}) => [{dtype: x.dtype, shape: reducedShape(x.shape, axes, keepdims)}],
    constants: ({axes}) => [axes],
    attributes: ({keepdims}) => ({keepdims}),
  }
}

function reducedShape(shape: Shape, axes: readonly number[], keepdims: 0 | 1): number[] {
  return shape.flatMap((size, axis) => (axes.includes(axis) ? (keepdims ? [1] : []) : [size]))
}

function matMulShape(a: Shape, b: Shape, transA: 0 | 1, transB: 0 | 1): number[] {
  if (a.length < 2 || b.length < 2) throw new GraphError(`MatMul needs matrices, got [${a}] and [${b}]`)
  const [rows, inner] = transA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!]
  const [innerB, columns] = transB ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!]
  if (inner !== innerB)
    throw new GraphError(`MatMul: inner sizes differ, [${a}] (transA ${transA}) x [${b}] (transB ${transB})`)
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), rows, columns]
}

const unary: OpSpec<object> = {infer: ([x]) => [{dtype: x.dtype, shape: x.shape}]}

/** How each operator's output type follows from its inputs, and how it is written in ONNX (opset 18). */
export const opSpecs: {readonly [K in OpType]: OpSpec<OpAttrs[K]>} = {
  Add: elementwise(),
  Sub: elementwise(),
  Mul: elementwise(),
  Div: elementwise(),
  Min: elementwise(),
  Max: elementwise(),
  Or: elementwise(),
  Less: elementwise('bool'),
  Equal: elementwise('bool'),
  Not: unary,
  Neg: unary,
  Exp: unary,
  Sqrt: unary,
  Sigmoid: unary,
  Softmax: {infer: ([x]) => [x]},
  LogSoftmax: {infer: ([x]) => [x]},
  Where: {
    infer: ([condition, a, b]) => {
      if (condition.dtype !== 'bool') throw new GraphError(`Where needs a bool condition, got ${condition.dtype}`)
      return [{dtype: commonType([a, b]), shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape))}]
    },
  },
  Cast: {infer: ([x], {to}) => [{dtype: to, shape: x.shape}]},
  MatMul: {infer: ([a, b]) => [{dtype: commonType([a, b]), shape: matMulShape(a.shape, b.shape, 0, 0)}]},
  FusedMatMul: {
    domain: 'com.microsoft',
    infer: ([a, b], {transA, transB}) => [
      {dtype: commonType([a, b]), shape: matMulShape(a.shape, b.shape, transA, transB)},
    ],
  },
  Transpose: {
    infer: ([x], {perm}) => {
      if (!isSameShape(perm.toSorted(), [...x.shape.keys()]))
        throw new GraphError(`Transpose: [${perm}] is no permutation of the axes of [${x.shape}]`)
      return [{dtype: x.dtype, shape: perm.map((axis) => x.shape[axis])}]
    },
  },
  Reshape: {
    infer: ([x], {shape}) => {
      if (sizeOf(x.shape) !== sizeOf(shape)) throw new GraphError(`Reshape: [${x.shape}] does not fill [${shape}]`)
      return [{dtype: x.dtype, shape}]
    },
    constants: ({shape}) => [shape],
    attributes: none,
  },
  Expand: {
    infer: ([x], {shape}) => {
      if (!broadcastsTo(x.shape, shape)) throw new GraphError(`Expand: [${x.shape}] to [${shape}]`)
      return [{dtype: x.dtype, shape}]
    },
    constants: ({shape}) => [shape],
    attributes: none,
  },
  Slice: {
    infer: ([x], {axis, start, end}) => {
      if (!(0 <= start && start < end && end <= x.shape[axis]))
        throw new GraphError(`Slice: [${start}, ${end}) of axis ${axis} of [${x.shape}]`)
      return [{dtype: x.dtype, shape: withSize(x.shape, axis, end - start)}]
    },
    constants: ({axis, start, end}) => [[start], [end], [axis]],
    attributes: none,
  },
  Split: {
    infer: ([x], {axis, sizes}) => {
      if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis])
        throw new GraphError(`Split: sizes ${sizes} do not add up to axis ${axis} of [${x.shape}]`)
      return sizes.map((size) => ({dtype: x.dtype, shape: withSize(x.shape, axis, size)}))
    },
    constants: ({sizes}) => [sizes],
    attributes: ({axis}) => ({axis}),
  },
  Pad: {
    infer: ([x], {axis, before, after}) => [
      {dtype: x.dtype, shape: withSize(x.shape, axis, x.shape[axis] + before + after)},
    ],
    constants: ({axis, before, after}, [x]) => {
      const along = (zeros: number) => x.shape.map((_, other) => (other === axis ? zeros : 0))
      return [[...along(before), ...along(after)]]
    },
    attributes: none,
  },
  Concat: {
    infer: (inputs, {axis}) => {
      const [first, ...rest] = inputs
      for (const x of rest)
        if (!isSameShape(withSize(x.shape, axis, 1), withSize(first.shape, axis, 1)))
          throw new GraphError(`Concat along ${axis}: [${first.shape}] with [${x.shape}]`)
      const size = inputs.reduce((sum, x) => sum + x.shape[axis], 0)
      return [{dtype: commonType(inputs), shape: withSize(first.shape, axis, size)}]
    },
  },
  Gather: {
    infer: ([x, indices]) => {
      checkIndices(indices)
      return [{dtype: x.dtype, shape: [...indices.shape, ...x.shape.slice(1)]}]
    },
  },
  GatherElements: {
    infer: ([x, indices], {axis}) => {
      checkIndices(indices)
      const isWithin = indices.shape.every((size, other) => other === axis || size <= x.shape[other])
      if (indices.shape.length !== x.shape.length || !isWithin)
        throw new GraphError(`GatherElements: indices [${indices.shape}] do not lie within [${x.shape}]`)
      return [{dtype: x.dtype, shape: indices.shape}]
    },
  },
  ScatterElements: {
    infer: ([x, indices, updates]) => {
      checkIndices(indices)
      if (!isSameShape(indices.shape, updates.shape))
        throw new GraphError(`ScatterElements: indices [${indices.shape}] and updates [${updates.shape}] differ`)
      return [x]
    },
  },
  ReduceSum: reduction(),
  ReduceMean: reduction(),
  ReduceMin: reduction(),
  CumSum: {infer: ([x]) => [x], constants: ({axis}) => [axis], attributes: none},
  ArgMax: {infer: ([x], {axis}) => [{dtype: 'int64', shape: reducedShape(x.shape, [axis], 0)}]},
  TopK: {
    infer: ([x], {axis, k}) => {
      if (k > x.shape[axis]) throw new GraphError(`TopK: ${k} of axis ${axis} of [${x.shape}]`)
      const shape = withSize(x.shape, axis, k)
      return [
        {dtype: x.dtype, shape},
        {dtype: 'int64', shape},
      ]
    },
    constants: ({k}) => [[k]],
    attributes: ({axis}) => ({axis}),
  },
  Loop: {
    infer: (inputs, {body}) => body.loopOutputTypes(inputs),
    attributes: ({body}) => ({body}),
  },
}
