import type {Graph} from '../../src/core/onnx/graph.js'
import type {OpNode} from '../../src/core/onnx/types.js'

/** Every node of a graph and of the loop bodies in it. */
export function nodesOf(graph: Graph): OpNode[] {
  return graph.nodes.flatMap((node) => {
    const {body} = node.attrs as {body?: Graph}
    return body ? nodesOf(body) : [node]
  })
}
