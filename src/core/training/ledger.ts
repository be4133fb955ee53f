import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {isUniform} from '../grpo/advantages.js'
import type {OpenObjective} from '../objectives/objective.js'
import {stepOf} from '../runs/run-checkpoints.js'
import type {RunDirectory} from '../runs/run-directory.js'
import {
  itemName,
  type LedgerRow,
  ledgerTable,
  pickColumns,
  readRows,
  rolloutsTable,
  writeTable,
} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import type {Progress} from '../util/progress.js'

/** The file of a run that counts how often each training item was drawn. */
export const ledgerFile = 'ledger.arrow'

/** How often an item was drawn, and how it went. */
export type Draws = Pick<LedgerRow, 'drawn' | 'with_signal' | 'completions' | 'correct' | 'last_step'>

const never: Draws = {drawn: 0, with_signal: 0, completions: 0, correct: 0, last_step: null}
const columns = pickColumns(rolloutsTable, 'step', 'group', 'reward', 'correct', 'item')

/**
 * Counts the rollouts of a run, one table in memory at a time.
 *
 * @returns draws by the name of the item, and the number of steps that have rollouts
 * @throws {DataError} when a table cannot be read
 */
export function countDraws(runPath: string): {readonly draws: ReadonlyMap<string, Draws>; readonly steps: number} {
  const folder = join(runPath, 'rollouts')
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^step-\d+\.arrow$/.test(name)) : []
  const draws = new Map<string, Draws>()
  for (const file of files.toSorted((a, b) => stepOf(a) - stepOf(b)))
    for (const group of groupBy(readRows(join(folder, file), columns), (row) => row.group).values()) {
      const [{item, step}] = group
      const before = draws.get(item) ?? never
      draws.set(item, {
        drawn: before.drawn + 1,
        with_signal: before.with_signal + Number(!isUniform(group.map(({reward}) => reward))),
        completions: before.completions + group.length,
        correct: before.correct + group.filter(({correct}) => correct).length,
        last_step: step,
      })
    }
  return {draws, steps: files.length}
}

/**
 * Writes `ledger.arrow`: one row per training item, including those that were never drawn. It is made from the rollouts, so
 * training keeps no counts, and a run that was killed and resumed has the same ledger.
 *
 * @param steps number of steps that the run took; a warning says if rollouts of some are missing
 */
export async function writeLedger(
  run: Pick<RunDirectory, 'path' | 'at'>,
  {task, all}: NonNullable<OpenObjective['items']>,
  steps: number,
  {warn}: Pick<Progress, 'warn'>,
): Promise<void> {
  const counted = countDraws(run.path)
  if (counted.steps < steps)
    warn(`train: ${ledgerFile} counts ${counted.steps} of ${steps} steps: the rollouts of the others are missing`)
  function* rows(): Generator<LedgerRow> {
    for (const {key, stratum, entropy} of all()) {
      const item = itemName(key)
      const draws = counted.draws.get(item) ?? never
      yield {doc_id: key.source, position: key.index, entropy, split: stratum, ...draws, task, item}
    }
  }
  await writeTable(run.at(ledgerFile), ledgerTable, rows())
}
