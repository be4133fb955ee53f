import type {ModelConfig} from '../../models/model-config.js'
import {type GraphTraffic, trafficOf} from '../../runtime/traffic.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'

/** Nothing crossed. */
export const noTraffic: GraphTraffic = {toDevice: 0, fromDevice: 0}

/** `one` + `times` x `other`, each direction by itself. */
export function plus(one: GraphTraffic, other: GraphTraffic, times = 1): GraphTraffic {
  return {
    toDevice: one.toDevice + times * other.toDevice,
    fromDevice: one.fromDevice + times * other.fromDevice,
  }
}

/** Numbers of layers that are built instead of more: two graphs tell how much each further layer adds. */
const [fewer, more] = [3, 4]

/**
 * Bytes that one run of a whole model's graph moves. For many layers, they are extrapolated from graphs of 3 and 4 layers.
 *
 * @param build builds the graph of a model with as many layers as it is given
 */
export function wholeTraffic(model: ModelConfig, build: (of: ModelConfig) => DecoderGraph): GraphTraffic {
  const at = (layers: number) => trafficOf(build({...model, layers}).op.graph)
  if (model.layers <= more) return at(model.layers)
  const few = at(fewer)
  return plus(few, plus(at(more), few, -1), model.layers - fewer)
}

/** Sums the bytes that runs move. Graphs with the same key are built once. */
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
