import {join, resolve} from 'node:path'
import {stepName} from '../../src/core/runs/run-checkpoints.js'
import {accuracyInterval} from '../../src/core/statistics/interval.js'
import {documentsTable, evalTable, predictionsTable, readRows, readTable} from '../../src/core/tables/index.js'

/**
 * `npx tsx experiments/tiny/by-kind.ts [runs/tiny]`: accuracy on the answers of each family, which can be computed, and on
 * all other positions, which are drawn at random or boilerplate.
 */

const folder = resolve(process.argv[2] ?? 'runs/tiny')
const kinds = ['dial', 'team', 'robot', 'other'] as const
type Kind = (typeof kinds)[number]

/** What stands before an answer, by family. */
const questions: Readonly<Record<string, Kind>> = {' it shows': 'dial', ' it is': 'team', ' it faces': 'robot'}

function readTexts(docIds: ReadonlySet<string>): Map<string, {text: Buffer; byteOffsets: Int32Array}> {
  const texts = new Map<string, {text: Buffer; byteOffsets: Int32Array}>()
  for (const {doc_id, text, byte_offsets} of readRows(join(folder, 'data', 'documents.arrow'), documentsTable))
    if (docIds.has(doc_id)) texts.set(doc_id, {text: Buffer.from(text), byteOffsets: byte_offsets})
  return texts
}

function kindOf(before: string): Kind {
  return questions[Object.keys(questions).find((question) => before.endsWith(question)) ?? ''] ?? 'other'
}

const evaluations = readTable(join(folder, 'eval', 'eval.arrow'), evalTable).filter(({split}) => split === 'all')
console.log(`| accuracy, % | ${kinds.join(' | ')} |\n|---|${kinds.map(() => '---|').join('')}`)
for (const {run, objective, step, mode} of evaluations) {
  const file = join(folder, 'eval', 'eval', `${run}-${stepName(step)}.arrow`)
  const rows = readTable(file, predictionsTable).filter((row) => row.mode === mode && row.sample === 0)
  const texts = readTexts(new Set(rows.map(({doc_id}) => doc_id)))
  const cells = kinds.map((kind) => {
    const members = rows.filter(({doc_id, position}) => {
      const {text, byteOffsets} = texts.get(doc_id)!
      return kindOf(text.toString('utf8', 0, byteOffsets[position])) === kind
    })
    const graded = members.map(({doc_id, correct}) => ({docId: doc_id, correct}))
    const {count, accuracy, ciLow, ciHigh} = accuracyInterval(graded)
    const [mean, low, high] = [accuracy, ciLow, ciHigh].map((share) => (100 * share).toFixed(1))
    return `${mean} [${low}, ${high}] of ${count}`
  })
  console.log(`| ${objective}, step ${step}, ${mode} | ${cells.join(' | ')} |`)
}
