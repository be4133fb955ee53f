import {basename, join} from 'node:path'
import {mergedName} from '../../engine/state/adapter-checkpoint.js'
import type {Comparison} from '../../report/comparisons.js'
import {contentOf} from '../../report/content.js'
import {type RunFolder, readRun} from '../../report/read-run.js'
import type {Result} from '../../report/results.js'
import {comparisonTable, resultTable} from '../../report/tables.js'
import {stepName} from '../../runs/run-checkpoints.js'
import {inputOfModel, readIdentity} from '../../runs/run-identity.js'
import type {EvalRow} from '../../tables/index.js'
import {DataError} from '../../util/errors.js'
import {fingerprintOfModel} from '../../weights/index.js'
import type {TrainedRun} from '../trained-run.js'
import {markdownTable} from './markdown.js'

/** What was measured of a checkpoint, and of what it is compared with. */
export interface CardResults {
  readonly results: readonly Result[]
  readonly comparisons: readonly Comparison[]
  /** Whether a line is of the checkpoint itself. */
  readonly isOwn: (result: Result) => boolean
}

/**
 * Accuracies of a checkpoint, from an evaluation or those that its run made at that step; null where the run made none.
 *
 * @param evaluation what `rpt eval` wrote
 * @throws {DataError} when the evaluation is not of this checkpoint, or cannot be read
 */
export async function resultsOf(run: TrainedRun, evaluation: string | undefined): Promise<CardResults | null> {
  const folder = evaluation === undefined ? ownEvaluations(run.path) : readRun(evaluation)
  const known = evaluation === undefined ? basename(run.path) : nameIn(folder, run)
  const isOwn = ({run: name, step}: {run: string; step: number}) => name === known && step === run.state.step
  const evals = folder.evals.filter((row) => isOwn(row) || row.run !== known)
  if (!evals.some(isOwn)) {
    if (evaluation === undefined) return null
    throw otherEvaluation(run, evaluation, folder.evals)
  }
  if (evaluation !== undefined) checkSameWeights(run, evaluation)
  const {results, comparisons} = await contentOf([withoutOthers({...folder, evals})])
  const isOwnResult = ({subject, step}: Result) => isOwn({run: subject, step})
  return {results, comparisons: comparisons.filter(({subject}) => isOwnResult(subject)), isOwn: isOwnResult}
}

/** What a run evaluated while it was trained, under the name that its folder has now. */
function ownEvaluations(path: string): RunFolder {
  const folder = readRun(path)
  return {...folder, evals: folder.evals.map((row) => ({...row, run: folder.name}))}
}

/**
 * What an evaluation calls a run: the name that its folder has now, or had when it was evaluated, which the noted weights tell.
 * Adapters are noted with their base and cannot be told so.
 */
function nameIn({path, evals}: RunFolder, {path: runPath, folder, isAdapter, state}: TrainedRun): string {
  const now = basename(runPath)
  const names = [...new Set(evals.filter(({step}) => step === state.step).map(({run}) => run))]
  if (names.includes(now) || names.length === 0 || isAdapter) return now
  const inputs = readIdentity(path)?.inputs
  const weights = fingerprintOfModel(folder)
  return names.find((name) => inputs?.[inputOfModel(name, state.step)] === weights) ?? now
}

/** A sweep or curves are about other checkpoints. */
function withoutOthers(folder: RunFolder): RunFolder {
  return {...folder, metrics: [], sweep: [], summary: null}
}

function otherEvaluation({path, state: {step}}: TrainedRun, evaluation: string, rows: readonly EvalRow[]): DataError {
  const found = [...new Set(rows.map((row) => `${row.run}, step ${row.step}`))].slice(0, 5).join('; ')
  return new DataError(
    `push: ${evaluation} has no evaluation of ${basename(path)}, step ${step}; it has: ${found || 'none'}`,
    {suggestions: [`run rpt eval --model ${path} --checkpoint ${step}`]},
  )
}

/** An evaluation names a checkpoint by run and step, and notes down what it was; adapters are known with their base only. */
function checkSameWeights({path, folder, isAdapter, state: {step}}: TrainedRun, evaluation: string): void {
  const noted = readIdentity(evaluation)?.inputs?.[inputOfModel(basename(path), step)]
  if (noted === undefined || isAdapter || basename(folder) === mergedName || noted === fingerprintOfModel(folder))
    return
  throw new DataError(
    `push: ${evaluation} evaluated other weights with the name ${basename(path)}, ${stepName(step)}`,
    {suggestions: [`run rpt eval --model ${path} --checkpoint ${step} again`, `see ${join(evaluation, 'run.json')}`]},
  )
}

/** The tables of a card, and how to read them. */
export function resultSection(found: CardResults | null): string {
  if (found === null) return '## Results\n\nThis checkpoint was not evaluated.'
  const {results, comparisons, isOwn} = found
  const tables = [
    markdownTable(resultTable(results), (row) => isOwn(results[row])),
    ...(comparisons.length > 0 ? [markdownTable(comparisonTable(comparisons, 'Bold'), () => false)] : []),
  ]
  const intro =
    'Measured by `rpt` on what was held out of training. This checkpoint is bold. Standard: the most probable next token, without a thought. Reasoning: greedy, the model thinks first.'
  return ['## Results', intro, ...tables].join('\n\n')
}
