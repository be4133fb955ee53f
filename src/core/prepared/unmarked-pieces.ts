import {join} from 'node:path'
import type {Manifest} from '../files/index.js'
import {documentsTable, pickColumns, readRows} from '../tables/index.js'

/**
 * Pieces of documents that were cut, where the table does not mark which of them go on, as that of an older version; else 0.
 *
 * @param folder with prepared data
 */
export function unmarkedPieces(folder: string, manifest: Manifest): number {
  const {cut = 0, windows = 0} = (manifest.long_documents ?? {}) as Partial<Record<'cut' | 'windows', number>>
  if (cut + windows === 0) return 0
  const [first] = readRows(join(folder, 'documents.arrow'), pickColumns(documentsTable, 'goes_on'))
  return first?.goes_on === null ? cut + windows : 0
}
