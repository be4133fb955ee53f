import type {Graph} from './graph.js'
import type {OpNode, Value} from './types.js'

/** The graph that a Loop repeats; undefined for every other operator. */
export function bodyOf(node: OpNode): Graph | undefined {
  return node.op === 'Loop' ? ((node as OpNode<'Loop'>).attrs.body as Graph) : undefined
}

/** The values that a node reads; for a Loop, those that its body reads as well. */
export function valuesReadBy(node: OpNode): readonly Value[] {
  const body = bodyOf(node)
  if (!body) return node.inputs
  return [...node.inputs, ...body.nodes.flatMap(valuesReadBy), ...body.outputs.map(({value}) => value)]
}
