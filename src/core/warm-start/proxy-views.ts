import {join} from 'node:path'
import {pickColumns, positionsTable, readRows} from '../tables/index.js'

/** What the proxy thought of a position. */
export interface ProxyView {
  /** Nats. */
  readonly entropy: number
  /** Its most probable token. */
  readonly top1Id: number
}

/** Views of training positions by number. */
export interface ProxyViews {
  /** Of the training position of this number, as `PreparedData.trainPositions` counts them. */
  at(index: number): ProxyView
}

/** Reads what the proxy thought of every kept training position, 8 bytes each. */
export function readProxyViews(folder: string, count: number): ProxyViews {
  const entropies = new Float32Array(count)
  const top1Ids = new Int32Array(count)
  let index = 0
  const columns = pickColumns(positionsTable, 'partition', 'kept', 'entropy', 'top1_id')
  for (const {partition, kept, entropy, top1_id} of readRows(join(folder, 'positions.arrow'), columns)) {
    if (!kept || partition !== 'train') continue
    entropies[index] = entropy
    top1Ids[index++] = top1_id
  }
  return {at: (i) => ({entropy: entropies[i], top1Id: top1Ids[i]})}
}
