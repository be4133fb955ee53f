import {sizeOf} from '../util/shape.js'
import type {Graph} from './graph.js'
import {bodyOf} from './nodes.js'
import type {Value} from './types.js'

/** The input or computed value of a graph with the most elements, bodies of loops included; null for a graph without values. */
export function largestTensor(graph: Graph): {readonly value: Value; readonly elements: number} | null {
  const values = [...graph.inputs, ...graph.nodes.flatMap(({outputs}) => outputs)]
  const inner = graph.nodes.flatMap((node) => {
    const body = bodyOf(node)
    return (body && largestTensor(body)) ?? []
  })
  const all = [...values.map((value) => ({value, elements: sizeOf(value.shape)})), ...inner]
  return all.reduce((most, next) => (next.elements > most.elements ? next : most), all[0]) ?? null
}
