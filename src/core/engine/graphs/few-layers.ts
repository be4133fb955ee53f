/** Numbers of layers that are built instead of more: two graphs tell how much each further layer adds. */
const few = 3
/** Nodes of a layer with which a graph of 48 layers is measured in half a second. */
const lightLayer = 400

/** What is measured of two graphs of fewer layers. */
export interface FewLayers<T> {
  readonly some: T
  /** Of one layer more; the same where no layer was left out. */
  readonly next: T
  /** A number of the whole graph, from its values for both. */
  readonly at: (some: number, next: number) => number
}

/**
 * Measures a graph by graphs of 3 and 4 layers, or by itself where it has no more.
 *
 * @param isWhole whether the graph is measured as it is, whatever its number of layers
 */
export function ofFewLayers<T>(layers: number, measure: (layers: number) => T, isWhole = false): FewLayers<T> {
  return measuredAt(isWhole ? layers : few, layers, measure)
}

/**
 * Measures a graph to which each further layer may add more than the first ones, as its fullest moment moves from the head into the layers:
 * by itself. Where a layer has so many nodes that this would take seconds, by graphs of 3 and 4 layers: its attention is over thousands
 * of tokens and holds most of the memory whatever the number of layers.
 *
 * @param nodesOf nodes of a graph
 */
export function ofManyLayers<T>(
  layers: number,
  measure: (layers: number) => T,
  nodesOf: (measured: T) => number,
): FewLayers<T> {
  const ofFew = ofFewLayers(layers, measure)
  const isLight = nodesOf(ofFew.next) - nodesOf(ofFew.some) <= lightLayer
  return isLight ? ofFewLayers(layers, measure, true) : ofFew
}

function measuredAt<T>(from: number, layers: number, measure: (layers: number) => T): FewLayers<T> {
  const isAll = layers <= from
  const some = measure(isAll ? layers : from)
  return {some, next: isAll ? some : measure(from + 1), at: (value, next) => value + (next - value) * (layers - from)}
}
