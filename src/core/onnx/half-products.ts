import {sizeOf} from '../util/shape.js'
import type {Graph} from './graph.js'
import {liveNodes} from './live-nodes.js'
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
 *
 * @param isFedHalf whether an input of that name becomes float16 if nothing but products reads it: who feeds it rounds it
 */
export function halveProducts(graph: Graph, form: HalfForm, isFedHalf: (name: string) => boolean = () => false): void {
  const constants = new Set<Value>(graph.constants.map(({value}) => value))
  const isHalved = (node: OpNode): node is Product =>
    isProduct(node) && !node.inputs.some((input) => constants.has(input))
  const fedHalves = new Map(
    factors(graph, isHalved)
      .filter(({name}) => isFedHalf(name))
      .map((input) => [input, graph.redeclare(input, 'float16')]),
  )
  const operands = new Map<Value, Value>()
  /** The operand in float16, computed once, where the value itself is: of a weight, not once in every trip of a loop. */
  const operandOf = (value: Value, from: Graph): Value => {
    const known = operands.get(value)
    if (known) return known
    const fed = fedHalves.get(value)
    const owner = from.ownerOf(fed ?? value)
    const half = fed ?? cast(owner, value, 'float16')
    const operand = form === 'half' ? half : cast(owner, half, value.dtype)
    operands.set(value, operand)
    return operand
  }
  const visit = (from: Graph): void =>
    from.rewrite((node) => {
      const body = bodyOf(node)
      if (body) visit(body)
      if (!isHalved(node)) return node
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

/** Inputs of a graph that products read, in its loops too, and nothing else. */
function factors(graph: Graph, isHalved: (node: OpNode) => node is Product): Value[] {
  const read = new Set<Value>()
  const otherwise = new Set<Value>()
  const visit = (from: Graph): void => {
    for (const {value} of from.outputs) otherwise.add(value)
    for (const node of liveNodes(from)) {
      const body = bodyOf(node)
      if (body) visit(body)
      const scaled = isHalved(node) ? scaledInput(node) : undefined
      for (const input of node.inputs) (isHalved(node) && input !== scaled ? read : otherwise).add(input)
    }
  }
  visit(graph)
  return graph.inputs.filter((input) => read.has(input) && !otherwise.has(input))
}

/** The smaller operand of a product whose factor is not a power of two. */
function scaledInput({op, inputs: [a, b], attrs}: Product): Value | undefined {
  if (op === 'MatMul' || Number.isInteger(Math.log2((attrs as OpNode<'FusedMatMul'>['attrs']).alpha))) return undefined
  return sizeOf(a.shape) <= sizeOf(b.shape) ? a : b
}

/**
 * A product whose factor is a power of two. CUDA rounds the factor of a float16 product to float16; any other is
 * multiplied into the smaller operand before.
 */
function withPlainFactor(graph: Graph, product: Product): Pick<Product, 'inputs' | 'attrs'> {
  const {inputs} = product
  const smaller = scaledInput(product)
  if (!smaller) return product
  const attrs = product.attrs as OpNode<'FusedMatMul'>['attrs']
  const factor = graph.constant(smaller.dtype as 'float32', [], [attrs.alpha])
  const [scaled] = graph.emit('Mul', [smaller, factor], {})
  return {inputs: inputs.with(inputs.indexOf(smaller), scaled), attrs: {...attrs, alpha: 1}}
}

function cast(graph: Graph, value: Value, to: Value['dtype']): Value {
  return graph.emit('Cast', [value], {to})[0]
}
