import {sizeOf} from '../util/shape.js'
import type {Graph} from './graph.js'
import {bodyOf} from './nodes.js'
import type {OpNode, Value} from './types.js'

/**
 * How a matrix product of wide floats is brought to float16: `half` multiplies float16 operands, `rounded` rounds operands
 * and result to float16 and multiplies in their own type. Where a device sums float16 products in float32, both are the
 * same up to the order of the sums.
 */
export type HalfForm = 'half' | 'rounded'

/**
 * Brings every matrix product of a graph and its loops to float16. All else stays as it is: norms, softmax, losses, sums of
 * gradients, and products with constants, which only move entries around. Products of the backward pass count like the
 * others, so this comes after gradients are appended.
 */
export function halveProducts(graph: Graph, form: HalfForm): void {
  const constants = new Set<Value>(graph.constants.map(({value}) => value))
  const operands = new Map<Value, Value>()
  /** The operand in float16, computed once, where the value itself is: of a weight, not once in every trip of a loop. */
  const operandOf = (value: Value, from: Graph): Value => {
    const known = operands.get(value)
    if (known) return known
    const owner = from.ownerOf(value)
    const half = cast(owner, value, 'float16')
    const operand = form === 'half' ? half : cast(owner, half, value.dtype)
    operands.set(value, operand)
    return operand
  }
  const visit = (from: Graph): void =>
    from.rewrite((node) => {
      const body = bodyOf(node)
      if (body) visit(body)
      if (!isProduct(node) || node.inputs.some((input) => constants.has(input))) return node
      return from.scope(node.name, () => {
        const {inputs, attrs} = withPlainFactor(from, node)
        const [product] = from.emit(
          node.op,
          inputs.map((input) => operandOf(input, from)),
          attrs,
        )
        const half = form === 'half' ? product : cast(from, product, 'float16')
        return {...node, op: 'Cast', inputs: [half], attrs: {to: node.outputs[0].dtype}}
      })
    })
  visit(graph)
}

type Product = OpNode<'MatMul'> | OpNode<'FusedMatMul'>

function isProduct(node: OpNode): node is Product {
  return node.op === 'MatMul' || node.op === 'FusedMatMul'
}

/**
 * A product whose factor is a power of two. CUDA rounds the factor of a float16 product to float16; any other is
 * multiplied into the smaller operand before.
 */
function withPlainFactor(graph: Graph, {op, inputs, attrs}: Product): Pick<Product, 'inputs' | 'attrs'> {
  if (op === 'MatMul') return {inputs, attrs}
  const {alpha} = attrs as OpNode<'FusedMatMul'>['attrs']
  if (Number.isInteger(Math.log2(alpha))) return {inputs, attrs}
  const [a, b] = inputs
  const factor = graph.constant(a.dtype as 'float32', [], [alpha])
  const scaled = (x: Value) => graph.emit('Mul', [x, factor], {})[0]
  const isFirstSmaller = sizeOf(a.shape) <= sizeOf(b.shape)
  return {inputs: isFirstSmaller ? [scaled(a), b] : [a, scaled(b)], attrs: {...attrs, alpha: 1}}
}

function cast(graph: Graph, value: Value, to: Value['dtype']): Value {
  return graph.emit('Cast', [value], {to})[0]
}
