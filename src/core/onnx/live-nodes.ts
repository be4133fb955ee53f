import type {Graph} from './graph.js'
import {valuesReadBy} from './nodes.js'
import type {OpNode} from './types.js'

/** The nodes that an output depends on, in order of execution. onnxruntime computes the others too. */
export function liveNodes(graph: Graph): OpNode[] {
  const needed = new Set(graph.outputs.map(({value}) => value))
  const live = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false
    for (const value of valuesReadBy(node)) needed.add(value)
    return true
  })
  return live.reverse()
}
