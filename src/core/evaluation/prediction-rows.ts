import type {EvalMode} from '../config/names.js'
import {itemName, type PredictionRow} from '../tables/index.js'
import type {ItemPredictions} from '../tasks/task.js'

/** The answers to one item -> rows of `eval/step-*.arrow`: sample 0 is the greedy one. */
export function predictionRows({key, facts, predictions}: ItemPredictions, mode: EvalMode): PredictionRow[] {
  return predictions.map(({answer, correct, outcome, text, cutTokens}, sample) => ({
    doc_id: key.source,
    position: key.index,
    mode,
    split: facts.stratum,
    sample,
    prediction: answer,
    truth: facts.truth,
    correct,
    outcome,
    completion_text: text,
    cut_tokens: cutTokens,
    task: facts.task,
    item: itemName(key),
    cluster: facts.cluster,
  }))
}
