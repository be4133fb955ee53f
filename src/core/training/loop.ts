import {basename} from 'node:path'
import type {Subject} from '../evaluation/eval-rows.js'
import type {StepResult} from '../objectives/objective.js'
import {stepName} from '../runs/run-checkpoints.js'
import type {RunDirectory} from '../runs/run-directory.js'
import type {TrainerState} from '../runs/trainer-state.js'
import {type MetricsRow, metricsTable, openStream, type TableStream} from '../tables/index.js'
import type {Tracker} from '../trackers/tracker.js'
import {openTrackers} from '../trackers/trackers.js'
import {Interrupted} from '../util/errors.js'
import {CheckpointSaver} from './checkpoint-saver.js'
import {isEvaluationDue} from './is-due.js'
import {metricsRow} from './metrics-row.js'
import {carriesSignal} from './no-signal.js'
import {warnOfRateJump} from './rate-jump.js'
import {completeLine} from './rehearse-resume.js'
import {warnOfRows} from './resume.js'
import {isShortage, takeStep} from './take-step.js'
import type {TrainingRun} from './training-run.js'

/**
 * Takes all steps of a run: each leaves a metrics row, a checkpoint where one is due, an evaluation where one is due.
 *
 * @param from the state to go on from
 * @returns the rows of all steps, those of earlier attempts included
 */
export async function trainSteps(trainingRun: TrainingRun, from: TrainerState): Promise<readonly MetricsRow[]> {
  const {run, training, evaluations} = trainingRun
  const {config, progress} = training
  const metrics = await run.reopen('metrics.arrow', (file) => openStream(file, metricsTable))
  try {
    const found = metrics.rows.length
    await metrics.keepRows((row) => row.step <= from.step)
    const mayLackEvaluation = isEvaluationDue(from.step, config)
    evaluations?.continueAfter(from.step, mayLackEvaluation)
    warnOfRows(found, metrics.rows.length, from.step, progress)
    warnOfRateJump(metrics.rows, config, from.step, progress)
    const tracker = await openTrackers(config.train.track, run.path, metrics.rows)
    try {
      const saver = new CheckpointSaver(trainingRun, from.step)
      await saver.removeSurplus(from)
      if (mayLackEvaluation && !evaluations?.holds(subjectOf(run, from))) await evaluate(trainingRun, from, saver)
      if (from.step < config.train.steps) await loop(trainingRun, from, metrics, tracker, saver)
      else if (from.step > 0) progress.log(completeLine(from.step))
    } finally {
      await tracker.close()
    }
  } finally {
    await metrics.close()
  }
  return metrics.rows
}

/** The loop: a step, its row, its checkpoint, its evaluation. */
async function loop(
  trainingRun: TrainingRun,
  from: TrainerState,
  metrics: TableStream<typeof metricsTable>,
  tracker: Tracker,
  saver: CheckpointSaver,
): Promise<void> {
  const {run, training, objective, tokenizer} = trainingRun
  const {config, engine, sampler, progress} = training
  const {steps} = config.train
  const stage = progress.stage(`train ${config.train.objective}`, steps, 'steps', from.step)
  let state = from
  let note = ''
  let hasSignal = metrics.rows.some(carriesSignal)
  do {
    const began = performance.now()
    engine.watch((words) => stage.note(note === '' ? words : `${note}; ${words}`))
    const result = await takeStep(run, objective, state, tokenizer).catch(async (error) => {
      // Such a step has changed nothing: what was learned before it can be kept.
      if (isShortage(error)) await saver.save(state)
      throw error
    })
    state = advance(state, result, (performance.now() - began) / 1000)
    await sampler.follow((folder) => engine.save(folder, false), state.step)
    const row = metricsRow(config, state, result, (performance.now() - began) / 1000)
    await metrics.append(row)
    await tracker.write(row)
    hasSignal ||= carriesSignal(row)
    // An evaluation may take long: what comes in between costs no step then.
    if (saver.isDue(state)) await saver.save(state)
    if (isEvaluationDue(state.step, config)) await evaluate(trainingRun, state, saver)
    note = hasSignal ? result.note : `${result.note}, no signal yet in ${state.step} steps`
    stage.advance(1, note)
  } while (state.step < steps && !run.services.signal.aborted)
  await saver.save(state)
  if (state.step < steps)
    throw new Interrupted(`train: step ${state.step} of ${steps} is done and saved`, {
      suggestions: [`continue with --resume`],
    })
  stage.done(`${steps} steps`)
}

/**
 * Evaluates the weights that a step left.
 *
 * @throws {Interrupted} when the signal is aborted; the step is then saved, and the run goes on with this evaluation
 */
async function evaluate(
  {run, training, evaluations}: TrainingRun,
  state: TrainerState,
  saver: CheckpointSaver,
): Promise<void> {
  await evaluations?.evaluate(subjectOf(run, state)).catch(async (error: unknown) => {
    if (!(error instanceof Interrupted)) throw error
    await saver.save(state)
    const {steps} = training.config.train
    throw new Interrupted(`train: step ${state.step} of ${steps} is done and saved; its evaluation was stopped`, {
      cause: error,
      suggestions: ['continue with --resume, which begins with that evaluation'],
    })
  })
}

function subjectOf(run: RunDirectory, {objective, step}: TrainerState): Subject {
  return {run: basename(run.path), objective, checkpoint: stepName(step), step}
}

function advance(state: TrainerState, result: StepResult, seconds: number): TrainerState {
  return {
    ...state,
    step: state.step + 1,
    visits: state.visits + result.visits,
    ...(result.stage !== undefined && {stageVisits: visitsOfStages(state, result.stage, result.visits)}),
    numTokens: state.numTokens + result.tokens,
    wallSeconds: state.wallSeconds + seconds,
  }
}

function visitsOfStages({stageVisits = {}}: TrainerState, stage: string, visits: number): Record<string, number> {
  return {...stageVisits, [stage]: (stageVisits[stage] ?? 0) + visits}
}
