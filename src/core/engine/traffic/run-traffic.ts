import type {PrecisionName} from '../../config/names.js'
import type {ModelConfig} from '../../models/model-config.js'
import {type GraphTraffic, trafficOf} from '../../runtime/traffic.js'
import type {DecoderGraph} from '../graphs/decoder-graph.js'
import {ofFewLayers} from '../graphs/few-layers.js'
import {toPrecision} from '../graphs/to-precision.js'
import type {EngineWork} from '../memory/engine-work.js'

/** Nothing crossed. */
export const noTraffic: GraphTraffic = {toDevice: 0, fromDevice: 0}

/** `one` + `times` x `other`, each direction by itself. */
export function plus(one: GraphTraffic, other: GraphTraffic, times = 1): GraphTraffic {
  return {
    toDevice: one.toDevice + times * other.toDevice,
    fromDevice: one.fromDevice + times * other.fromDevice,
  }
}

/** Bytes that one run of a graph moves where runs copy what they are fed. */
function trafficIn(precision: PrecisionName | undefined, decoder: DecoderGraph): GraphTraffic {
  return trafficOf(toPrecision(decoder, precision, {readsInPlace: false}))
}

/**
 * Bytes that one run of a whole model's graph moves. For many layers, they are extrapolated from graphs of 3 and 4 layers.
 *
 * @param build builds the graph of a model with as many layers as it is given
 */
export function wholeTraffic(
  {model, precision}: Pick<EngineWork, 'model' | 'precision'>,
  build: (of: ModelConfig) => DecoderGraph,
): GraphTraffic {
  const {few, next, at} = ofFewLayers(model.layers, (layers) => trafficIn(precision, build({...model, layers})))
  return {toDevice: at(few.toDevice, next.toDevice), fromDevice: at(few.fromDevice, next.fromDevice)}
}

/** Sums the bytes that runs move. Graphs with the same key are built once. */
export class TrafficTally {
  private readonly known = new Map<string, GraphTraffic>()
  total = noTraffic

  /** @param precision of matrix products; float32 when absent */
  constructor(private readonly precision?: PrecisionName) {}

  /** @param key must determine the graph */
  add(key: object, build: () => DecoderGraph): void {
    const id = JSON.stringify(key)
    const traffic = this.known.get(id) ?? trafficIn(this.precision, build())
    this.known.set(id, traffic)
    this.total = plus(this.total, traffic)
  }
}
