import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {
  evalTable,
  metricsTable,
  openStream,
  predictionsTable,
  type Row,
  readTable,
  rolloutsTable,
  type Table,
} from '../../src/core/tables/index.js'

const folders: Readonly<Record<string, Table>> = {rollouts: rolloutsTable, eval: predictionsTable}

/** Everything of a run that must repeat: bytes of the last checkpoint, tables without the columns that the clock writes. */
export async function runContents(run: string, step: number): Promise<Record<string, unknown>> {
  const checkpoint = join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`)
  const bytes = namesIn(checkpoint)
    .filter((name) => name.endsWith('.safetensors'))
    .map((file) => [file, readFileSync(join(checkpoint, file)).toString('base64')])
  const tables = Object.entries(folders).flatMap(([folder, table]) =>
    namesIn(join(run, folder)).map((name) => [
      `${folder}/${name}`,
      withoutClock(table, readTable(join(run, folder, name), table)),
    ]),
  )
  const metrics = await openStream(join(run, 'metrics.arrow'), metricsTable)
  await metrics.close()
  const evaluations = existsSync(join(run, 'eval.arrow')) ? readTable(join(run, 'eval.arrow'), evalTable) : []
  const named = evaluations.map((row) => ({...row, run: 'run'}))
  return Object.fromEntries([
    ...bytes,
    ...tables,
    ['metrics.arrow', withoutClock(metricsTable, metrics.rows)],
    ['eval.arrow', withoutClock(evalTable, named)],
  ])
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : []
}

/** Rows as text, so that a difference is found fast. */
function withoutClock<T extends Table>({clockColumns}: T, rows: readonly Row<T>[]): string {
  return JSON.stringify(rows, (key, value) => (clockColumns.includes(key) ? undefined : value))
}
