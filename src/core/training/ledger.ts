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
  type RolloutRow,
  readRows,
  rolloutsTable,
  writeTable,
} from '../tables/index.js'
import {DataError} from '../util/errors.js'
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
 * @param passOver is told of a table that cannot be read and is left out
 * @returns draws by the name of the item, and the number of steps that have rollouts
 * @throws {DataError} when a table cannot be read, unless `passOver` takes it
 */
export function countDraws(
  runPath: string,
  passOver: (error: DataError) => void = refuse,
): {readonly draws: ReadonlyMap<string, Draws>; readonly steps: number} {
  const folder = join(runPath, 'rollouts')
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^step-\d+\.arrow$/.test(name)) : []
  const draws = new Map<string, Draws>()
  let steps = 0
  for (const file of files.toSorted((a, b) => stepOf(a) - stepOf(b))) {
    const groups = groupsOf(join(folder, file), passOver)
    for (const group of groups ?? []) addDraw(draws, group)
    if (groups) steps++
  }
  return {draws, steps}
}

type Drawn = Pick<RolloutRow, keyof (typeof columns)['columns']>

/** The groups of a step; null where its table is passed over. */
function groupsOf(file: string, passOver: (error: DataError) => void): Iterable<readonly Drawn[]> | null {
  try {
    return groupBy(readRows(file, columns), (row) => row.group).values()
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    passOver(error)
    return null
  }
}

function refuse(error: DataError): never {
  throw error
}

function addDraw(draws: Map<string, Draws>, group: readonly Drawn[]): void {
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

/**
 * Writes `ledger.arrow`: one row per training item, including those that were never drawn. It is made from the rollouts, so
 * training keeps no counts, and a run that was killed and resumed has the same ledger.
 *
 * @param steps number of steps that the run took; warnings say if rollouts of some are missing or cannot be read
 */
export async function writeLedger(
  run: Pick<RunDirectory, 'path' | 'at'>,
  {task, all}: NonNullable<OpenObjective['items']>,
  steps: number,
  {warn}: Pick<Progress, 'warn'>,
): Promise<void> {
  const counted = countDraws(run.path, ({message}) => warn(`train: ${ledgerFile} leaves out a step: ${message}`))
  if (counted.steps < steps)
    warn(
      `train: ${ledgerFile} counts ${counted.steps} of ${steps} steps: the rollouts of the others are missing or damaged`,
    )
  function* rows(): Generator<LedgerRow> {
    for (const {key, stratum, entropy} of all()) {
      const item = itemName(key)
      const draws = counted.draws.get(item) ?? never
      yield {doc_id: key.source, position: key.index, entropy, split: stratum, ...draws, task, item}
    }
  }
  await writeTable(run.at(ledgerFile), ledgerTable, rows())
}
