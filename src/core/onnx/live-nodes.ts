import type {Graph} from './graph.js'
import type {OpNode, Value} from './types.js'

/** The nodes that an output depends on, in order of execution. onnxruntime computes the others too. */
export function liveNodes(graph: Graph): OpNode[] {
  const needed = new Set(graph.outputs.map(({value}) => value))
  const live = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false
    for (const value of valuesRead(node)) needed.add(value)
    return true
  })
  return live.reverse()
}

/** Inputs of a node, and what the body of a loop reads from outside or inside. */
function valuesRead(node: OpNode): Value[] {
  const {body} = node.attrs as {body?: Graph}
  const inside = body ? [...body.nodes.flatMap(valuesRead), ...body.outputs.map(({value}) => value)] : []
  return [...node.inputs, ...inside]
}
