import type {Graph} from '../onnx/graph.js'
import type {Application, OpNode, OpType, Value} from '../onnx/types.js'
import {broadcastShapes, isSameShape, withSize} from '../util/shape.js'

/** What a pattern may ask about the inputs of a node. */
interface Surroundings {
  producerOf(value: Value): OpNode | undefined
  isZero(constant: Value): boolean
}

/** A cheaper application with the same outputs; undefined where the pattern does not match. */
type Rewrite<K extends OpType> = (node: OpNode<K>, around: Surroundings) => Application | undefined

/** Pattern -> replacement, by the operator that is replaced. */
const rewrites: {readonly [K in OpType]?: Rewrite<K>} = {
  // (n expanded) * x = n * x, where that is as large
  Mul: ({inputs: [a, b], outputs: [y]}, around) => {
    const node = around.producerOf(a)
    if (node?.op !== 'Expand') return undefined
    const [narrow] = node.inputs
    const isAsLarge = isSameShape(broadcastShapes(narrow.shape, b.shape), y.shape)
    return isAsLarge ? {op: 'Mul', inputs: [narrow, b], attrs: {}} : undefined
  },
  // x + (zeros with u added at i) = x with u added at i
  Add: ({inputs: [a, b]}, around) => {
    const [dense, sparse] = additionsToZeros(b, around) ? [a, b] : [b, a]
    const additions = additionsToZeros(sparse, around)
    if (!additions) return undefined
    const {indices, updates, axis} = additions
    return {op: 'ScatterElements', inputs: [dense, indices, updates], attrs: {axis, reduction: 'add'}}
  },
  // sum of (zeros with u added at i) = sum of u, where every row has its u
  ReduceSum: ({inputs: [x], attrs}, around) => {
    const additions = additionsToZeros(x, around)
    if (!additions || !isSameShape(attrs.axes, [additions.axis])) return undefined
    const {updates, axis} = additions
    const hasAllRows = isSameShape(withSize(updates.shape, axis, 1), withSize(x.shape, axis, 1))
    return hasAllRows ? {op: 'ReduceSum', inputs: [updates], attrs} : undefined
  },
}

/**
 * Replaces operators of a graph by cheaper ones of the same value: no tensor of zeros is made to be added to, and none is
 * expanded to be multiplied. So the rules of gradients need not look at what computed a cotangent.
 */
export function simplify(graph: Graph): void {
  const producers = new Map<Value, OpNode>()
  const zeros = new Set<Value>(graph.constants.filter(({data}) => data.every((x) => x === 0)).map(({value}) => value))
  const around: Surroundings = {
    producerOf: (value) => producers.get(value),
    isZero: (constant) => zeros.has(constant),
  }
  for (const node of [...graph.nodes]) {
    const rewrite = rewrites[node.op] as Rewrite<OpType> | undefined
    const cheaper = rewrite?.(node, around)
    const kept = cheaper ? graph.replace(node, cheaper) : node
    for (const output of kept.outputs) producers.set(output, kept)
  }
}

/** Of a value that is zeros with additions, as the cotangent of a table read by rows: what is added, and where. */
function additionsToZeros(value: Value, {producerOf, isZero}: Surroundings) {
  const node = producerOf(value)
  if (node?.op !== 'ScatterElements') return undefined
  const {inputs, attrs} = node as OpNode<'ScatterElements'>
  const [onto, indices, updates] = inputs
  const zeros = producerOf(onto)
  const isOntoZeros = zeros?.op === 'Expand' && isZero(zeros.inputs[0])
  return attrs.reduction === 'add' && isOntoZeros ? {indices, updates, axis: attrs.axis} : undefined
}
