import {evalModes} from '../config/names.js'
import type {Taught} from '../objectives/objective.js'
import {taughtBy} from '../objectives/objectives.js'
import {inputOfModel, readIdentity} from '../runs/run-identity.js'
import type {Estimate} from '../statistics/accuracy.js'
import {type Split, splits} from '../statistics/split.js'
import type {EvalRow} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import {benchmarkOf} from './benchmark.js'
import type {Measured} from './figures.js'
import type {Alike} from './likeness.js'
import type {RunFolder} from './read-run.js'

/** One line of a Table-1-shaped result: a checkpoint in a mode. */
export interface Result extends Alike {
  readonly label: string
  readonly run: RunFolder
  /** Names what it was evaluated on. */
  readonly benchmark: string
  /** Name of the run that was evaluated. */
  readonly subject: string
  readonly objective: string
  /** What training taught the checkpoint: nothing where it is what training starts from; null where that is not known. */
  readonly taught: Taught | 'nothing' | null
  readonly mode: string
  readonly step: number
  readonly seed: number
  readonly cells: Readonly<Partial<Record<Split, ResultCell>>>
  /** By name, in the order of the evaluation's table; none where items go by the splits of positions, or have one category. */
  readonly categories: Readonly<Record<string, ResultCell>>
  /** What one greedy prediction takes on average; null where an older version did not count it. */
  readonly cost: PredictionCost | null
}

/** The tokens that a prediction reads and writes, and its FLOPs, as if it were the only one. */
export interface PredictionCost {
  readonly promptTokens: number
  readonly writtenTokens: number
  /** Those of them in the box, over predictions that have an answer; null where none has, or where none is written. */
  readonly answerTokens: number | null
  readonly flops: number
}

/** Accuracy of one line on one split. */
export interface ResultCell extends Measured {
  readonly count: number
  readonly correct: number
  /** k -> pass@k with its interval, NaN where none is known; null where nothing was sampled. */
  readonly passAt: Readonly<Record<number, Estimate>> | null
  /** Held-out positions of the split that no box can hold; null where that is not known. */
  readonly inexpressible: number | null
  /** Accuracy with those counted as wrong. */
  readonly accuracyIfWrong: number | null
}

/** Base first, then the baselines, then what is being studied. */
const taughtOrder = ['nothing', 'tokens', 'rows', 'thoughts'] as const

/** Modes worth a line where not all are: plain training teaches no thoughts, and controls are about the subject. */
const shownModes: Readonly<Partial<Record<Taught | 'nothing', readonly string[]>>> = {
  nothing: ['standard', 'reasoning'],
  tokens: ['standard'],
}

/**
 * Every evaluation of an evaluation directory, and the last one of each training run; an evaluation that several
 * directories hold is listed once, the one of more items. One of other weights, on another benchmark or in another template is
 * another one. Modes that say nothing about a checkpoint are left to the tables on disk.
 */
export function collectResults(runs: readonly RunFolder[]): Result[] {
  const latest = new Map<string, Result>()
  for (const run of runs.filter(({evals}) => evals.length > 0)) {
    const benchmark = benchmarkOf(run)
    const inputs = readIdentity(run.path)?.inputs ?? {}
    for (const rows of groupBy(run.evals, evaluationKey).values()) {
      const result = toResult(run, rows, benchmark)
      const checkpoint = run.metrics.length === 0 ? rows[0].checkpoint : `last of ${run.path}`
      const {run: subject, objective, step, prompt_settings: settings} = rows[0]
      const weights = inputs[inputOfModel(subject, step)]
      const key = JSON.stringify([
        subject,
        objective,
        checkpoint,
        weights,
        result.mode,
        result.seed,
        benchmark,
        settings,
      ])
      const known = latest.get(key)
      if (!known || isBetter(result, known)) latest.set(key, result)
    }
  }
  return nameApart([...latest.values()].filter(isShown).sort(compareResults))
}

function isShown({taught, mode}: Result): boolean {
  return taught === null || (shownModes[taught]?.includes(mode) ?? true)
}

/** The model that training starts from, predicting at once; undefined where it was not evaluated on the benchmark. */
export function baseResult(results: readonly Result[], benchmark: string | undefined): Result | undefined {
  return results.find((one) => one.taught === 'nothing' && one.mode === 'standard' && one.benchmark === benchmark)
}

function evaluationKey({run, objective, checkpoint, step, mode, seed}: EvalRow): string {
  return JSON.stringify([run, objective, checkpoint, step, mode, seed])
}

function toResult(run: RunFolder, rows: readonly EvalRow[], benchmark: string): Result {
  const {objective, mode, step, seed} = rows[0]
  const label = `${objective}${step > 0 ? `, step ${step}` : ''}, ${mode}`
  const settings = JSON.parse(rows[0].prompt_settings) as Result['settings']
  const taught = step === 0 ? 'nothing' : taughtBy(objective)
  const {run: subject, cut_tokens: cutTokens} = rows[0]
  const cost = costOf(rows.find(({split}) => split === 'all') ?? rows[0])
  const cells = cellsOf(rows)
  return {label, run, benchmark, subject, objective, taught, mode, step, seed, ...cells, cost, settings, cutTokens}
}

/** A category may be called as a split is: it is none of them where another is not. */
function cellsOf(rows: readonly EvalRow[]): Pick<Result, 'cells' | 'categories'> {
  const cells = Object.fromEntries(rows.map((row) => [row.split, toCell(row)]))
  const isSplit = (name: string) => (splits as readonly string[]).includes(name)
  if (Object.keys(cells).every(isSplit)) return {cells, categories: {}}
  const {all, ...categories} = cells
  return {cells: {all}, categories}
}

function toCell(row: EvalRow): ResultCell {
  return {
    count: row.count,
    correct: row.correct,
    accuracy: row.accuracy,
    ciLow: row.ci_low ?? Number.NaN,
    ciHigh: row.ci_high ?? Number.NaN,
    passAt: passAtOf(row),
    inexpressible: row.inexpressible,
    accuracyIfWrong: row.accuracy_if_wrong,
  }
}

function passAtOf({pass_at, pass_at_low, pass_at_high}: EvalRow): ResultCell['passAt'] {
  const estimateOf = ([k, accuracy]: [string, number]): [string, Estimate] => [
    k,
    {accuracy, ciLow: pass_at_low?.[Number(k)] ?? Number.NaN, ciHigh: pass_at_high?.[Number(k)] ?? Number.NaN},
  ]
  return pass_at && Object.fromEntries(Object.entries(pass_at).map(estimateOf))
}

function costOf(row: EvalRow): PredictionCost | null {
  const {prompt_tokens: promptTokens, written_tokens: writtenTokens, flops} = row
  if (promptTokens === null || writtenTokens === null || flops === null) return null
  // Mode standard writes nothing: its answer is the most probable token.
  return {promptTokens, writtenTokens, answerTokens: writtenTokens > 0 ? row.answer_tokens : null, flops}
}

function isBetter(a: Result, b: Result): boolean {
  if (a.step !== b.step) return a.step > b.step
  return (a.cells.all?.count ?? 0) > (b.cells.all?.count ?? 0)
}

function compareResults(a: Result, b: Result): number {
  return (
    a.seed - b.seed ||
    rank(taughtOrder, a.taught) - rank(taughtOrder, b.taught) ||
    rank(evalModes, a.mode) - rank(evalModes, b.mode) ||
    (a.run.name < b.run.name ? -1 : 1)
  )
}

function rank(order: readonly (string | null)[], name: string | null): number {
  const at = order.indexOf(name)
  return at === -1 ? order.length : at
}

/** Adds the run where several share an objective, the seed where there are several, and the directory where labels are equal. */
function nameApart(results: readonly Result[]): Result[] {
  const hasSeeds = new Set(results.map(({seed}) => seed)).size > 1
  const ofObjective = groupBy(results, ({objective}) => objective)
  const named = results.map((result) => {
    const subjects = new Set(ofObjective.get(result.objective)!.map(({subject}) => subject))
    const run = subjects.size > 1 && result.subject !== result.objective ? `${result.subject}: ` : ''
    return {...result, label: `${run}${result.label}${hasSeeds ? `, seed ${result.seed}` : ''}`}
  })
  const counts = groupBy(named, ({label}) => label)
  return named.map((result) =>
    counts.get(result.label)!.length === 1 ? result : {...result, label: `${result.label} (${placeOf(result)})`},
  )
}

/** What sets equal labels apart: the run that was evaluated, and where that is not all, the directory it is listed in. */
function placeOf({run, subject}: Result): string {
  return run.name === subject ? subject : `${subject} in ${run.name}`
}
