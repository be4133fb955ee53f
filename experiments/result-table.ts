import {createHash} from 'node:crypto'
import {readFileSync, writeFileSync} from 'node:fs'
import {Float64, Int32, Int64, Schema, Table, tableFromIPC, tableToIPC, Utf8, vectorFromArray} from 'apache-arrow'

/** One number of an experiment, as `result.arrow` holds it. */
export interface ResultRow {
  /** What was measured, as the table of the README names it. */
  readonly row: string
  readonly metric: string
  readonly split: string
  readonly value: number
  readonly ci_low: number | null
  readonly ci_high: number | null
  /** The number of the paper that it stands beside; null where there is none. */
  readonly paper: number | null
  /** Predictions behind it. */
  readonly count: number
  readonly seed: number
}

const types = {
  row: new Utf8(),
  metric: new Utf8(),
  split: new Utf8(),
  value: new Float64(),
  ci_low: new Float64(),
  ci_high: new Float64(),
  paper: new Float64(),
  count: new Int32(),
  seed: new Int64(),
}

/** Writes result.arrow with the hash of the configuration files that made it. */
export function writeResult(path: string, rows: readonly ResultRow[], configs: readonly string[]): void {
  const hash = createHash('sha256')
  for (const config of configs) hash.update(readFileSync(config))
  const columns = Object.entries(types).map(([name, type]) => {
    const values = rows.map((row) => row[name as keyof ResultRow])
    return [name, vectorFromArray(name === 'seed' ? values.map((seed) => BigInt(seed!)) : values, type)] as const
  })
  const plain = new Table(Object.fromEntries(columns))
  const metadata = new Map([['rpt.config_hash', hash.digest('hex')]])
  writeFileSync(path, tableToIPC(new Table(new Schema(plain.schema.fields, metadata), plain.batches), 'file'))
}

/** Reads a result.arrow. */
export function readResult(path: string): ResultRow[] {
  return tableFromIPC(readFileSync(path))
    .toArray()
    .map((row) => ({...(row.toJSON() as ResultRow), seed: Number(row.seed)}))
}
