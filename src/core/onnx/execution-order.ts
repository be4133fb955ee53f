import type {Graph} from './graph.js'
import {liveNodes} from './live-nodes.js'
import {bodyOf, valuesReadBy} from './nodes.js'
import type {OpNode, Value} from './types.js'

/**
 * The nodes of a graph in the order in which onnxruntime runs them, those that compute the same as another left out.
 *
 * It goes depth first from the nodes that nobody reads, the last of them first, and of a node's inputs the latest first.
 * That is not the order in which the nodes stand: a gradient that is an output of the graph waits for its turn, and keeps
 * what it is computed from in memory until then.
 */
export function executionOrder(graph: Graph): OpNode[] {
  const nodes = withoutTwins(graph)
  const producer = new Map<Value, number>()
  nodes.forEach((node, index) => {
    for (const output of node.outputs) producer.set(output, index)
  })
  const inputs = nodes.map((node) => producersOf(node, producer))
  const isRead = new Set(inputs.flat())
  const stack = [...nodes.keys()].filter((index) => !isRead.has(index)).map((index) => ({index, isDone: false}))
  const seen = new Set<number>()
  const order: OpNode[] = []
  while (stack.length > 0) {
    const {index, isDone} = stack.pop()!
    if (isDone) order.push(nodes[index])
    else if (!seen.has(index)) {
      seen.add(index)
      stack.push({index, isDone: true}, ...inputs[index].map((input) => ({index: input, isDone: false})))
    }
  }
  return order
}

/** Indices of the nodes that a node reads from, ascending. */
function producersOf(node: OpNode, producer: ReadonlyMap<Value, number>): number[] {
  return [...new Set(valuesReadBy(node).flatMap((value) => producer.get(value) ?? []))].toSorted((a, b) => a - b)
}

/** The nodes with each repetition of an earlier one left out; who read its outputs reads those of the earlier one. */
function withoutTwins(graph: Graph): OpNode[] {
  const isOutput = new Set(graph.outputs.map(({value}) => value))
  const originals = new Map<Value, Value>()
  const byKey = new Map<string, OpNode>()
  const kept: OpNode[] = []
  for (const node of liveNodes(graph)) {
    const inputs = node.inputs.map((input) => originals.get(input) ?? input)
    const key = `${node.op} ${inputs.map(({name}) => name)} ${bodyOf(node) ? node.name : JSON.stringify(node.attrs)}`
    const twin = node.outputs.some((output) => isOutput.has(output)) ? undefined : byKey.get(key)
    if (twin) {
      node.outputs.forEach((output, i) => {
        originals.set(output, twin.outputs[i])
      })
      continue
    }
    const own = {...node, inputs}
    byKey.set(key, own)
    kept.push(own)
  }
  return kept
}
