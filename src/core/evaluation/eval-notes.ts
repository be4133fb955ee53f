import type {EvalMode} from '../config/names.js'
import {type Outcome, outcomes} from '../records/records.js'
import type {EvalRow} from '../tables/index.js'
import type {ModeTally} from './mode-tally.js'
import type {Predictor} from './predict.js'

/** Accuracy below which an evaluation says what most completions lack. */
const nearZero = 0.02

/** What to try about completions that end so; `template` is the setting that holds the template of the task. */
const advice: Readonly<Record<Outcome, (template: string, config: Predictor['config']) => string>> = {
  parsed: (template) =>
    `what is in the box is wrong; rpt inspect shows what was predicted and what came; mind ${template}`,
  'no-box': (template) =>
    `the thought ends, but no \\boxed{...} follows; try another ${template}, or sft on such rows first`,
  'unfinished-thinking': (template) =>
    `the text ends without </think>; try another ${template} or the chat template of the model, or a warm start (sft) first`,
  truncated: (_, {rollout}) => `the text is cut at rollout.maxTokens, which is ${rollout.maxTokens}; raise it`,
}

/** What predictions of one mode have in common that accuracies do not say: how they ended, and which contexts were cut. */
export function notesOn(predictor: Predictor, mode: EvalMode, predicted: ModeTally): string[] {
  return [...notesOnOutcomes(predictor, mode, predicted), ...notesOnContexts(predictor, mode, predicted)]
}

function notesOnOutcomes({config, task}: Predictor, mode: EvalMode, predicted: ModeTally): string[] {
  const counts = outcomes
    .map((outcome) => ({outcome, count: predicted.outcomes[outcome]}))
    .filter(({count}) => count > 0)
    .sort((a, b) => b.count - a.count)
  // Nobody asks for the template of a task that no completion answers.
  if (counts.length === 0) return []
  const {templateKey = 'prompt.template'} = task.promptSettings
  const {count: all, correct} = predicted
  const [{outcome, count}] = counts
  return [
    `mode ${mode}: of ${all} completions ${counts.map((entry) => `${entry.count} ${entry.outcome}`).join(', ')}`,
    ...(correct < nearZero * all
      ? [
          `mode ${mode}: ${correct} of ${all} are right; most common is ${outcome} (${count}): ${advice[outcome](templateKey, config)}`,
        ]
      : []),
  ]
}

function notesOnContexts(predictor: Predictor, mode: EvalMode, {count, cut}: ModeTally): string[] {
  const note = mode === 'standard' ? predictor.task.standard?.note : undefined
  if (note !== undefined) return [note]
  if (cut.count === 0) return []
  const mean = cut.tokens / cut.count
  const as = mode === 'standard' ? ', as mode reasoning cuts them' : ''
  return [
    `mode ${mode}: the contexts of ${cut.count} of ${count} ${predictor.task.noun} are cut from the left${as}, by ${Math.round(mean)} tokens on average and ${cut.most} at most`,
  ]
}

/** Splits that have no interval, and what the positions left out would change. */
export function notesOnSplits(rows: readonly EvalRow[]): string[] {
  const single = [...new Set(rows.filter(({ci_low}) => ci_low === null).map(({split}) => split))]
  const leftOut = rows.filter(({mode, inexpressible}) => mode === rows[0].mode && inexpressible)
  return [
    ...(single.length > 0
      ? [`no interval on ${single.join(', ')}: it needs positions of at least two documents, and there is one`]
      : []),
    ...(leftOut.length > 0
      ? [
          `held-out positions that no box can hold, left out in every mode: ${leftOut.map(({split, inexpressible}) => `${split} ${inexpressible}`).join(', ')}; accuracy_if_wrong counts them as wrong`,
        ]
      : []),
  ]
}
