import type {Ops} from '../onnx/ops.js'
import type {OpNode, OpType, Value} from '../onnx/types.js'
import {GraphError} from '../util/errors.js'
import {broadcastsTo, isSameShape, type Shape} from '../util/shape.js'
import {simplify} from './simplify.js'
import {type VjpRule, type VjpTable, vjpRules} from './vjp-rules.js'

/**
 * Appends the backward pass of a scalar loss and returns its gradients, one per parameter, in their shapes.
 *
 * Walks the nodes from last to first; each rule's cotangents are checked (count, dtype, shape), summed back to the
 * input's shape where the forward pass broadcast, and added to what is already there; then the graph is simplified.
 * Parameters that the loss does not depend on get zeros.
 *
 * @param loss scalar of the graph's float type
 * @param parameters values to differentiate with respect to
 * @param rules the table of rules; tests pass a broken one
 * @throws {GraphError} when a rule is missing on the path or returns a wrong cotangent
 */
export function appendBackward(
  op: Ops,
  loss: Value,
  parameters: readonly Value[],
  rules: VjpTable = vjpRules,
): Value[] {
  if (loss.shape.length !== 0) throw new GraphError(`the loss has shape [${loss.shape}]; it must be a scalar`)
  return appendVjp(op, [[loss, op.scalar(1)]], parameters, rules)
}

/**
 * Appends the backward pass of several outputs, given a cotangent of the same type for each: what a part of a model hands
 * on to the part before it. See `appendBackward`.
 */
export function appendVjp(
  op: Ops,
  outputs: readonly (readonly [output: Value, cotangent: Value])[],
  parameters: readonly Value[],
  rules: VjpTable = vjpRules,
): Value[] {
  const forward = [...op.graph.nodes]
  const needed = valuesThatDependOn(parameters, forward)
  const cotangents = new Map<Value, Value>(outputs)
  for (const node of forward.toReversed()) {
    if (!node.outputs.some((output) => cotangents.has(output) && needed.has(output))) continue
    const contributions = op.scope(`${node.name}/vjp`, () => {
      const dys = node.outputs.map((output) => cotangents.get(output) ?? op.zeros(output.shape))
      return applyRule(op, node, dys, rules)
    })
    node.inputs.forEach((input, i) => {
      const dx = contributions[i]
      if (!dx || !needed.has(input)) return
      const summed = sumTo(op, checkedCotangent(node, i, input, dx), input.shape)
      const earlier = cotangents.get(input)
      cotangents.set(input, earlier ? op.add(earlier, summed) : summed)
    })
    for (const output of node.outputs) cotangents.delete(output)
  }
  const gradients = parameters.map((parameter) => cotangents.get(parameter) ?? op.zeros(parameter.shape))
  simplify(op.graph)
  return gradients
}

/** The parameters and every value computed from them. */
function valuesThatDependOn(parameters: readonly Value[], nodes: readonly OpNode[]): Set<Value> {
  const dependent = new Set(parameters)
  for (const node of nodes)
    if (node.inputs.some((input) => dependent.has(input))) for (const output of node.outputs) dependent.add(output)
  return dependent
}

function applyRule(op: Ops, node: OpNode, dys: readonly Value[], rules: VjpTable): readonly (Value | null)[] {
  const rule = rules[node.op] as VjpRule<OpType> | 'not differentiable'
  if (rule === 'not differentiable') throw new GraphError(`${node.name}: ${node.op} is not differentiable`)
  const contributions = rule(op, node, dys[0], dys)
  if (contributions.length !== node.inputs.length) {
    const counts = `${contributions.length} cotangents for ${node.inputs.length} inputs`
    throw new GraphError(`${node.name}: the gradient rule of ${node.op} returned ${counts}`)
  }
  return contributions
}

function checkedCotangent(node: OpNode, index: number, input: Value, dx: Value): Value {
  const fits = broadcastsTo(input.shape, dx.shape)
  if (fits && dx.dtype === input.dtype) return dx
  const expected = `${input.dtype} [${input.shape}] or a shape that broadcasts from it`
  throw new GraphError(
    `${node.name}: the gradient rule of ${node.op} returned ${dx.dtype} [${dx.shape}] for input ${index}; expected ${expected}`,
  )
}

/** Sums a cotangent over the axes along which its value was broadcast. */
function sumTo(op: Ops, dx: Value, shape: Shape): Value {
  if (isSameShape(dx.shape, shape)) return dx
  const extra = dx.shape.length - shape.length
  const axes = [...dx.shape.keys()].filter(
    (axis) => axis < extra || (shape[axis - extra] === 1 && dx.shape[axis] !== 1),
  )
  return op.reshape(op.sum(dx, axes), shape)
}
