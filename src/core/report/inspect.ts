import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {type PositionRow, type PredictionRow, positionsTable, predictionsTable, readRows} from '../tables/index.js'
import {DataError, UsageError} from '../util/errors.js'
import {quoteBytes} from '../util/quote-bytes.js'
import {readContexts} from './contexts.js'
import {diagnose, type RolloutStatistics, summarizeRollouts} from './diagnose.js'
import {percent, plural} from './format.js'
import {predictionsFile, type RunFolder, readRollouts, readRun, settingOf} from './read-run.js'

/** What to look at; absent means everything. */
export interface InspectOptions {
  /** Rows shown, spread evenly over those that match; 10 when absent. */
  readonly rows?: number
  /** Rollouts or predictions of this step; the last when absent. */
  readonly step?: number
  readonly docId?: string
  readonly position?: number
  readonly difficulty?: string
  readonly outcome?: string
}

/** What `inspect` found, as plain data. */
export type Inspection = DataInspection | RunInspection

/** Prepared data. */
export interface DataInspection {
  readonly kind: 'data'
  readonly path: string
  readonly positions: number
  readonly kept: number
  readonly by_difficulty: Readonly<Record<string, number>>
  readonly by_reason: Readonly<Record<string, number>>
  readonly diagnosis: readonly string[]
  readonly matching: number
  readonly rows: readonly PositionView[]
}

/** One position: what was to be predicted, how hard it looked, and whether it is trained on. */
export interface PositionView {
  readonly doc_id: string
  readonly position: number
  readonly partition: string
  readonly context: string | null
  readonly target: string
  readonly entropy: number
  readonly difficulty_entropy: number | null
  readonly target_logprob: number
  readonly difficulty: string
  readonly kept: boolean
  readonly reason: string
}

/** Rollouts of a training step, or predictions of an evaluation. */
export interface RunInspection {
  readonly kind: 'rollouts' | 'predictions'
  readonly path: string
  readonly step: number
  readonly steps: readonly number[]
  readonly statistics: RolloutStatistics | null
  readonly diagnosis: readonly string[]
  readonly matching: number
  readonly rows: readonly CompletionView[]
}

/** One completion; reward, advantage and explanation are null for predictions of an evaluation. */
export interface CompletionView {
  readonly doc_id: string
  readonly position: number
  readonly mode: string | null
  readonly sample: number
  readonly context: string | null
  readonly truth: string
  readonly prediction: string | null
  readonly outcome: string | null
  readonly reward: number
  readonly advantage: number | null
  readonly explanation: string | null
  readonly text: string | null
}

const contextLength = 70
const fewPositions = 100

/**
 * Looks at prepared data (positions), a training run (rollouts of a step) or an evaluation (its predictions).
 *
 * @throws {DataError} where the folder is none of these
 * @throws {UsageError} where the step is not there
 */
export async function inspect(path: string, options: InspectOptions = {}): Promise<Inspection> {
  if (!existsSync(path))
    throw new DataError(`inspect: ${path} does not exist`, {
      suggestions: ['give prepared data or the --out of an earlier command'],
    })
  if (existsSync(join(path, 'positions.arrow'))) return inspectData(path, options)
  const run = readRun(path)
  if (run.rolloutSteps.length > 0) return inspectRollouts(run, options)
  const steps = [...new Set(run.evals.map(({step}) => step))].sort((a, b) => a - b)
  if (steps.length > 0) return inspectPredictions(run, steps, options)
  throw new DataError(`inspect: ${path} has no positions.arrow, no rollouts and no eval predictions`, {
    suggestions: ['give prepared data, a run of objective rpt, or the --out of rpt eval'],
  })
}

function inspectData(path: string, options: InspectOptions): DataInspection {
  const counts = {positions: 0, kept: 0, matching: 0}
  const byDifficulty: Record<string, number> = {none: 0, easy: 0, medium: 0, hard: 0}
  const byReason: Record<string, number> = {}
  const valByDifficulty: Record<string, number> = {easy: 0, medium: 0, hard: 0}
  const table = join(path, 'positions.arrow')
  for (const row of readRows(table, positionsTable)) {
    counts.positions++
    if (row.kept) counts.kept++
    if (matchesPosition(row, options)) counts.matching++
    byDifficulty[row.difficulty]++
    byReason[row.reason] = (byReason[row.reason] ?? 0) + 1
    if (row.partition === 'val' && row.difficulty !== 'none') valByDifficulty[row.difficulty]++
  }
  const chosen = new Set(spread(counts.matching, options.rows))
  const shown: PositionRow[] = []
  let index = 0
  for (const row of readRows(table, positionsTable)) {
    if (matchesPosition(row, options) && chosen.has(index++)) shown.push(row)
  }
  const contextOf = readContexts(path, shown, contextLength)
  return {
    kind: 'data',
    path,
    ...counts,
    by_difficulty: byDifficulty,
    by_reason: Object.fromEntries(Object.entries(byReason).sort(([a], [b]) => (a < b ? -1 : 1))),
    diagnosis: diagnoseData(counts, valByDifficulty),
    rows: shown.map(({target_bytes, target_id: _, top1_id: __, ...row}) => ({
      ...row,
      context: contextOf(row),
      target: quoteBytes(target_bytes),
    })),
  }
}

function diagnoseData(
  {positions, kept}: {readonly positions: number; readonly kept: number},
  held: Readonly<Record<string, number>>,
): string[] {
  const share = `${percent(kept / positions)}% of ${plural(positions, 'position')} are kept.`
  if (kept === 0) return [share, 'Nothing to train on: lower data.selectThreshold or use data.select: top.']
  const thin = Object.entries(held).filter(([, count]) => count < fewPositions)
  if (thin.length === 0) return [share]
  const names = thin.map(([name, count]) => `${name} ${count}`).join(', ')
  return [share, `Few held-out positions whose hardest level is: ${names}. Intervals there will be wide.`]
}

function inspectRollouts(run: RunFolder, options: InspectOptions): RunInspection {
  const steps = run.rolloutSteps
  const step = chooseStep(steps, options.step, run.path)
  const all = readRollouts(run.path, step)
  const matching = all.filter((row) => matchesPosition(row, options) && matchesOutcome(row, options))
  const shown = spread(matching.length, options.rows).map((index) => matching[index])
  const contextOf = readContexts(settingOf(run, 'data.dir'), shown, contextLength)
  const statistics = all.length > 0 ? summarizeRollouts(all) : null
  const rows = shown.map(({doc_id, position, sample, outcome, reward, advantage, explanation, ...row}) => ({
    doc_id,
    position,
    mode: null,
    sample,
    context: contextOf({doc_id, position}),
    truth: quoteBytes(row.truth),
    prediction: row.prediction && quoteBytes(row.prediction),
    outcome,
    reward,
    advantage,
    explanation,
    text: row.completion_text,
  }))
  const diagnosis = statistics ? diagnose(statistics) : ['This step has no completions.']
  return {kind: 'rollouts', path: run.path, step, steps, statistics, diagnosis, matching: matching.length, rows}
}

function inspectPredictions(run: RunFolder, steps: readonly number[], options: InspectOptions): RunInspection {
  const step = chooseStep(steps, options.step, run.path)
  const subject = run.evals.find((row) => row.step === step)?.run ?? run.name
  const file = predictionsFile(run.path, subject, step)
  const predictions = () => (file ? readRows(file, predictionsTable) : [])
  const isAsked = (row: PredictionRow) =>
    matchesPosition({...row, difficulty: row.split}, options) && matchesOutcome(row, options)
  const modes = new Map<string, {all: number; right: number}>()
  let matching = 0
  for (const row of predictions()) {
    const counts = modes.get(row.mode) ?? {all: 0, right: 0}
    modes.set(row.mode, {all: counts.all + 1, right: counts.right + Number(row.correct)})
    if (isAsked(row)) matching++
  }
  const chosen = new Set(spread(matching, options.rows))
  const shown: PredictionRow[] = []
  let index = 0
  for (const row of chosen.size > 0 ? predictions() : []) if (isAsked(row) && chosen.has(index++)) shown.push(row)
  const contextOf = readContexts(settingOf(run, 'data.dir'), shown, contextLength)
  const rows = shown.map(({doc_id, position, mode, sample, outcome, correct, truth, prediction, completion_text}) => ({
    doc_id,
    position,
    mode,
    sample,
    context: contextOf({doc_id, position}),
    truth: quoteBytes(truth),
    prediction: prediction && quoteBytes(prediction),
    outcome,
    reward: Number(correct),
    advantage: null,
    explanation: null,
    text: completion_text,
  }))
  const diagnosis = [...modes.keys()].sort().map((mode) => {
    const {all, right} = modes.get(mode)!
    return `${mode}: ${percent(right / all)}% of ${plural(all, 'prediction')} right.`
  })
  return {
    kind: 'predictions',
    path: run.path,
    step,
    steps,
    statistics: null,
    diagnosis,
    matching,
    rows,
  }
}

function matchesPosition(
  row: {readonly doc_id: string; readonly position: number; readonly difficulty?: string},
  {docId, position, difficulty}: InspectOptions,
): boolean {
  return (
    (docId === undefined || row.doc_id === docId) &&
    (position === undefined || row.position === position) &&
    (difficulty === undefined || row.difficulty === undefined || row.difficulty === difficulty)
  )
}

function matchesOutcome(row: {readonly outcome: string | null}, {outcome}: InspectOptions): boolean {
  return outcome === undefined || row.outcome === outcome
}

function chooseStep(steps: readonly number[], wanted: number | undefined, path: string): number {
  if (wanted === undefined) return steps[steps.length - 1]
  if (steps.includes(wanted)) return wanted
  throw new UsageError(
    `inspect: ${path} has nothing of step ${wanted}; it has ${plural(steps.length, 'step')}, ${steps[0]} to ${steps[steps.length - 1]}`,
    {suggestions: [`try --step ${steps[steps.length - 1]}`]},
  )
}

/** Up to `count` indices spread evenly over `total`, ascending. */
export function spread(total: number, count = 10): number[] {
  const shown = Math.min(total, count)
  return Array.from({length: shown}, (_, i) => Math.floor((i * total) / shown))
}
