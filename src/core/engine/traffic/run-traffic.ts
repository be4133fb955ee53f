import type {ModelConfig} from '../../models/model-config.js'
import {type GraphTraffic, trafficOf} from '../../runtime/traffic.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'

/** Nothing crossed. */
export const noTraffic: GraphTraffic = {toDevice: 0, fromDevice: 0}

/** So many times one, and another. */
export function plus(one: GraphTraffic, other: GraphTraffic, times = 1): GraphTraffic {
  return {
    toDevice: one.toDevice + times * other.toDevice,
    fromDevice: one.fromDevice + times * other.fromDevice,
  }
}

/** Layers that are built in place of more: what each further one adds is known from two graphs. */
const [fewer, more] = [3, 4]

/** What one run of a whole model's graph moves; that of many layers follows from graphs of few. */
export function wholeTraffic(model: ModelConfig, build: (of: ModelConfig) => DecoderGraph): GraphTraffic {
  const at = (layers: number) => trafficOf(build({...model, layers}).op.graph)
  if (model.layers <= more) return at(model.layers)
  const few = at(fewer)
  return plus(few, plus(at(more), few, -1), model.layers - fewer)
}

/** Sums what runs move; of graphs that have the same key only one is built. */
export class TrafficTally {
  private readonly known = new Map<string, GraphTraffic>()
  total = noTraffic

  /** @param key must determine the graph */
  add(key: object, build: () => DecoderGraph): void {
    const id = JSON.stringify(key)
    const traffic = this.known.get(id) ?? trafficOf(build().op.graph)
    this.known.set(id, traffic)
    this.total = plus(this.total, traffic)
  }
}
