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

/** Measures a graph by graphs of 3 and 4 layers, or by itself where it has no more. */
export function ofFewLayers<T>(layers: number, measure: (layers: number) => T): FewLayers<T> {
  if (layers <= fewer) return ofAllLayers(layers, measure)
  return {few: measure(fewer), next: measure(more), at: (from, to) => from + (to - from) * (layers - fewer)}
}

/** Measures a graph by itself. */
export function ofAllLayers<T>(layers: number, measure: (layers: number) => T): FewLayers<T> {
  const all = measure(layers)
  return {few: all, next: all, at: (value) => value}
}
