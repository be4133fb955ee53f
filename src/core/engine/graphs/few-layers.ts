/** Numbers of layers that are built instead of more: two graphs tell how much each further layer adds. */
const [fewer, more] = [3, 4]

/** What is measured of two graphs of few layers. */
export interface FewLayers<T> {
  readonly few: T
  /** Of one layer more; the same where no layer was left out. */
  readonly next: T
  /** A number of the whole graph, from its values for both. */
  readonly at: (few: number, next: number) => number
}

/**
 * Measures a graph by graphs of 3 and 4 layers, or by itself where it has no more.
 *
 * @param isWhole whether the graph is measured as it is, whatever its number of layers
 */
export function ofFewLayers<T>(layers: number, measure: (layers: number) => T, isWhole = false): FewLayers<T> {
  const isFew = isWhole || layers <= fewer
  const few = measure(isFew ? layers : fewer)
  return {few, next: isFew ? few : measure(more), at: (from, to) => from + (to - from) * (layers - fewer)}
}
