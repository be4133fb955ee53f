import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {documentsTable, readRows} from '../../src/core/tables/index.js'

/** What stands between question and answer of a document: data.separator of prepare.yaml. */
export const separator = '\n\nSolution:\n'

/** Writes the questions of the held-out documents, one a line, and says how many there are. */
export function writeQuestions(data: string, file: string): number {
  const held = [...readRows(join(data, 'documents.arrow'), documentsTable)].filter(({partition}) => partition === 'val')
  writeFileSync(file, held.map(({doc_id, text}) => `${questionLine(text, doc_id)}\n`).join(''))
  return held.length
}

/** One line of JSONL from the text of a document. */
export function questionLine(text: string, docId: string): string {
  const at = text.indexOf(separator)
  if (at < 0) throw new Error(`${docId} does not hold ${JSON.stringify(separator)}; prepare the data with prepare.yaml`)
  return JSON.stringify({question: text.slice(0, at), answer: text.slice(at + separator.length)})
}
