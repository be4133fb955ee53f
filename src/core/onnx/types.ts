/** Element types that gradients flow through. */
export type FloatType = 'float32' | 'float64'
/** Element types of constants; int64 for indices. */
export type ConstantType = FloatType | 'int64' | 'bool'
/** Element types of tensors; float16 for operands of products, see `half-products.ts`. */
export type DType = ConstantType | 'float16'

/** Element type and static shape of a tensor. */
export interface TensorType {
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** A named tensor in a graph. */
export interface Value extends TensorType {
  readonly name: string
}

/** What a Loop needs to know of the graph it repeats. */
export interface LoopBody {
  /** Types of final carried values, then of scanned values, from the types of the Loop's inputs. */
  loopOutputTypes(loopInputs: readonly TensorType[]): readonly TensorType[]
}

type None = Readonly<Record<string, never>>

/**
 * Every operator with its attributes: forgetting a shape rule or a gradient rule for one of them does not compile.
 *
 * Shapes, axes and sizes are attributes here even where ONNX takes them as constant inputs (see `op-specs.ts`), so that
 * an operator's inputs are exactly the tensors that gradients may flow to.
 */
export interface OpAttrs {
  Add: None
  Sub: None
  Mul: None
  Div: None
  Min: None
  Max: None
  Neg: None
  Exp: None
  Sqrt: None
  Sigmoid: None
  Less: None
  Equal: None
  Not: None
  Or: None
  Where: None
  Cast: {readonly to: DType}
  MatMul: None
  FusedMatMul: {readonly transA: 0 | 1; readonly transB: 0 | 1; readonly alpha: number}
  Transpose: {readonly perm: readonly number[]}
  Reshape: {readonly shape: readonly number[]}
  Expand: {readonly shape: readonly number[]}
  Slice: {readonly axis: number; readonly start: number; readonly end: number}
  Split: {readonly axis: number; readonly sizes: readonly number[]}
  Pad: {readonly axis: number; readonly before: number; readonly after: number}
  Concat: {readonly axis: number}
  Gather: {readonly axis: 0}
  GatherElements: {readonly axis: number}
  ScatterElements: {readonly axis: number; readonly reduction: 'none' | 'add'}
  ReduceSum: {readonly axes: readonly number[]; readonly keepdims: 0 | 1}
  ReduceMean: {readonly axes: readonly number[]; readonly keepdims: 0 | 1}
  ReduceMin: {readonly axes: readonly number[]; readonly keepdims: 0 | 1}
  Softmax: {readonly axis: number}
  LogSoftmax: {readonly axis: number}
  CumSum: {readonly axis: number}
  ArgMax: {readonly axis: number; readonly keepdims: 0}
  TopK: {readonly axis: number; readonly k: number}
  Loop: {readonly body: LoopBody}
}

/** Name of an operator, as in ONNX. */
export type OpType = keyof OpAttrs

/** An operator with its inputs. */
export interface Application<K extends OpType = OpType> {
  readonly op: K
  readonly inputs: readonly Value[]
  readonly attrs: OpAttrs[K]
}

/** One application in a graph. */
export interface OpNode<K extends OpType = OpType> extends Application<K> {
  readonly name: string
  readonly outputs: readonly Value[]
}
