import {patternNames} from '../analysis/patterns.js'
import {ResponseTally} from '../analysis/response-tally.js'
import {type PredictionRow, predictionsTable, type RolloutRow, readRows} from '../tables/index.js'
import {UsageError} from '../util/errors.js'
import {plural} from '../util/plural.js'
import {quoteBytes} from '../util/quote-bytes.js'
import {type Checkpoint, chooseCheckpoint, chooseStep} from './choose-checkpoint.js'
import {
  contextLength,
  type InspectOptions,
  matchesCompletion,
  matchesPosition,
  spread,
  spreadRows,
} from './choose-rows.js'
import {readContexts} from './contexts.js'
import {diagnose, summarizeRollouts} from './diagnose.js'
import {percent} from './format.js'
import type {RunInspection, ThoughtView} from './inspection.js'
import {readLedger} from './ledger.js'
import {readQuestions} from './questions.js'
import {failedSteps, keptPredictions, type RunFolder, readRollouts, settingOf} from './read-run.js'
import {readDifficulties} from './rollout-sample.js'

/** Looks at the rollouts of one step, a failed one where it is asked for or there is no other. */
export async function inspectRollouts(run: RunFolder, options: InspectOptions): Promise<RunInspection> {
  const kept = run.rolloutSteps
  const failures = failedSteps(run.path)
  const isWanted = options.step !== undefined && !kept.includes(options.step) && failures.includes(options.step)
  const failed = kept.length === 0 || isWanted
  const steps = failed ? failures : kept
  const step = chooseStep(steps, options.step, run.path)
  const all = readRollouts(run.path, step, failed ? 'failed' : 'rollouts')
  const difficultyOf = difficultiesOf(run, all, options)
  const matching = all.filter(
    (row) => matchesPosition({...row, difficulty: difficultyOf(row)}, options) && matchesCompletion(row, options),
  )
  const shown = spread(matching.length, options.rows).map((index) => matching[index])
  const contextOf = readContexts(settingOf(run, 'data.dir'), shown, contextLength)
  const questionOf = await readQuestions(run, shown)
  const statistics = all.length > 0 ? summarizeRollouts(all) : null
  const tally = new ResponseTally()
  for (const {cluster, completion_text: text} of all) tally.add({cluster, text})
  const rows = shown.map(({doc_id, position, sample, outcome, reward, advantage, explanation, ...row}) => ({
    doc_id,
    position,
    difficulty: difficultyOf({doc_id, position}) || null,
    mode: null,
    sample,
    context: questionOf(row) ?? contextOf({doc_id, position}),
    truth: quoteBytes(row.truth),
    truth_tokens: piecesOf(row.truth, row.boundaries).map(quoteBytes),
    prediction: row.prediction && quoteBytes(row.prediction),
    outcome,
    reward,
    advantage,
    explanation,
    text: row.completion_text,
  }))
  const diagnosis = statistics ? diagnose(statistics) : ['This step has no completions.']
  const {summary: ledger} = readLedger(run.path)
  const thoughts = thoughtView(tally)
  return {
    kind: 'rollouts',
    path: run.path,
    run: run.name,
    step,
    failed,
    steps,
    checkpoints: [],
    statistics,
    ledger: ledger.drawn > 0 ? ledger : null,
    thoughts,
    diagnosis,
    matching: matching.length,
    rows,
  }
}

/**
 * How hard the positions of rollouts are, from the prepared data of their run.
 *
 * @throws {UsageError} where a difficulty is asked for, and the run has no prepared data or they do not tell
 */
function difficultiesOf(run: RunFolder, rows: readonly RolloutRow[], {difficulty}: InspectOptions) {
  const data = settingOf(run, 'data.dir')
  const difficultyOf = readDifficulties(data, rows)
  if (difficulty !== undefined && data === undefined)
    throw new UsageError(
      `inspect: --difficulty selects positions of prepared data; the settings of ${run.path} name none (data.dir)`,
      {suggestions: ['leave --difficulty out: questions have none']},
    )
  if (difficulty !== undefined && rows.length > 0 && rows.every((row) => difficultyOf(row) === ''))
    throw new UsageError(
      `inspect: --difficulty ${difficulty} needs the prepared data of ${run.path}; ${data} has no such positions`,
      {suggestions: ['move the data back to where the run read it, or leave --difficulty out']},
    )
  return difficultyOf
}

/** Bytes cut where tokens end; the last piece goes to the end of the bytes. */
function piecesOf(bytes: Uint8Array, ends: ArrayLike<number>): Uint8Array[] {
  const cuts = [...new Set([0, ...Array.from(ends), bytes.length])].filter((cut) => cut <= bytes.length)
  return cuts.slice(1).map((cut, i) => bytes.subarray(cuts[i], cut))
}

/**
 * Looks at the predictions of an evaluation about one of its models.
 *
 * @param checkpoints the models of the evaluation, at least one
 */
export function inspectPredictions(
  run: RunFolder,
  checkpoints: readonly Checkpoint[],
  options: InspectOptions,
): RunInspection {
  const {run: subject, step} = chooseCheckpoint(checkpoints, options, run.path)
  const steps = checkpoints.filter((checkpoint) => checkpoint.run === subject).map((checkpoint) => checkpoint.step)
  const file = keptPredictions(run.path, subject, step)
  const predictions = () => (file ? readRows(file, predictionsTable) : [])
  const isAsked = (row: PredictionRow) =>
    matchesPosition({...row, difficulty: row.split}, options) && matchesCompletion(row, options)
  const modes = new Map<string, {all: number; right: number}>()
  const tally = new ResponseTally()
  let matching = 0
  for (const row of predictions()) {
    if (row.mode === 'reasoning' && row.completion_text !== null)
      tally.add({cluster: row.cluster, text: row.completion_text})
    const counts = modes.get(row.mode) ?? {all: 0, right: 0}
    modes.set(row.mode, {all: counts.all + 1, right: counts.right + Number(row.correct)})
    if (isAsked(row)) matching++
  }
  const shown = spreadRows(predictions, isAsked, {matching, count: options.rows})
  const contextOf = readContexts(settingOf(run, 'data.dir'), shown, contextLength)
  const rows = shown.map(
    ({doc_id, position, split, mode, sample, outcome, correct, truth, prediction, completion_text}) => ({
      doc_id,
      position,
      difficulty: split,
      mode,
      sample,
      context: contextOf({doc_id, position}),
      truth: quoteBytes(truth),
      truth_tokens: null,
      prediction: prediction && quoteBytes(prediction),
      outcome,
      reward: Number(correct),
      advantage: null,
      explanation: null,
      text: completion_text,
    }),
  )
  const diagnosis = [...modes.keys()].sort().map((mode) => {
    const {all, right} = modes.get(mode)!
    return `${mode}: ${percent(right / all)}% of ${plural(all, 'prediction')} right.`
  })
  const thoughts = thoughtView(tally)
  const place = {path: run.path, run: subject, step, failed: false, steps, checkpoints}
  return {kind: 'predictions', ...place, statistics: null, ledger: null, thoughts, diagnosis, matching, rows}
}

function thoughtView(tally: ResponseTally): ThoughtView | null {
  const facts = tally.facts()
  const shares = patternNames.map((name) => {
    const hits = tally.scoresOf(name).reduce((sum, {correct}) => sum + correct, 0)
    return [name, hits / tally.responses]
  })
  return facts && {...facts, patterns: Object.fromEntries(shares) as ThoughtView['patterns']}
}
