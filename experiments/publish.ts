import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Experiment} from './experiments.js'
import {isQuick} from './quick.js'
import {type ResultRow, readResult, writeResult} from './result-table.js'
import {runsOf} from './stages.js'
import {insertTables} from './tables.js'

/** What an experiment found, and how its folder shows it. */
export interface Findings {
  readonly rows: readonly ResultRow[]
  /** Paths of the configuration files that made them. */
  readonly configs: readonly string[]
  /** Name of a mark in README.md -> table, made of the rows. */
  readonly tables: Readonly<Record<string, string>>
  /** File name -> SVG. */
  readonly figures?: Readonly<Record<string, string>>
}

/**
 * Writes result.arrow, the tables of README.md and the figures of an experiment. A quick run leaves them as they are: it
 * writes below `runs/` what it found, and throws where a row of the published result is missing or a further one is there.
 */
export function publish(experiment: string, findings: Findings): void {
  const published = join(import.meta.dirname, experiment)
  const folder = isQuick ? join(runsOf(experiment), 'result') : published
  mkdirSync(folder, {recursive: true})
  writeResult(join(folder, 'result.arrow'), findings.rows, findings.configs)
  for (const [name, svg] of Object.entries(findings.figures ?? {})) writeFileSync(join(folder, name), svg)
  if (isQuick) {
    checkRows(experiment, findings.rows, readResult(join(published, 'result.arrow')))
    console.log(`\nquick run: ${findings.rows.length} rows, named as those of ${join(published, 'result.arrow')}`)
    return
  }
  insertTables(join(folder, 'README.md'), findings.tables)
  const tables = Object.values(findings.tables).join('\n\n')
  console.log(`\n${tables}\n\nwrote result.arrow, figures and the tables of README.md to ${folder}`)
}

/** Writes the tables of README.md anew from the result.arrow that is there; nothing is run. */
export async function republish({name, tables}: Experiment): Promise<void> {
  if (tables === null) return
  const folder = join(import.meta.dirname, name)
  const {tablesOf} = await tables()
  insertTables(join(folder, 'README.md'), tablesOf(readResult(join(folder, 'result.arrow'))))
}

/** Compares the names of rows with those of the published result, for the seeds that were run. */
export function checkRows(experiment: string, rows: readonly ResultRow[], published: readonly ResultRow[]): void {
  const seeds = new Set(rows.map(({seed}) => seed))
  const found = new Set(rows.map(nameOf))
  const expected = new Set(published.filter(({seed}) => seeds.has(seed)).map(nameOf))
  const missing = [...expected].filter((name) => !found.has(name))
  const further = [...found].filter((name) => !expected.has(name))
  if (missing.length + further.length > 0)
    throw new Error(
      `${experiment}: a quick run has other rows than result.arrow; missing: ${missing.join('; ') || 'none'}; further: ${further.join('; ') || 'none'}`,
    )
}

function nameOf({row, metric, split, seed}: ResultRow): string {
  return `${row}, ${metric}, ${split}, seed ${seed}`
}
