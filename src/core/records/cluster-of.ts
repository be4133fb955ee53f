/**
 * The document that a `doc_id` belongs to: what a bootstrap resamples as a whole.
 *
 * Windows of one document are `<file>:<row>#<n>`; any other id ends in `:<row>`, so that a `#` in a file's name is no
 * window.
 */
export function clusterOf(docId: string): string {
  return docId.replace(/(:\d+)#\d+$/, '$1')
}
