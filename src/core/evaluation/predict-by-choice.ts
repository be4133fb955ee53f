import type {Answering, Choice, ChoiceMode, Choices, ItemPredictions, Prediction, Task} from '../tasks/task.js'
import {chunksOf} from '../util/chunks-of.js'

/** Items whose options are scored by one call. */
const itemsPerCall = 64

/**
 * Multiple choice without a thought: of each item's options the one whose tokens have the greatest sum of log-probabilities
 * after the prompt; of equal ones the first.
 *
 * @param indices of held-out items
 * @param scoring tokens in one run of the graph at the most
 */
export async function* predictByChoice<Item>(
  task: Pick<Task<Item>, 'itemAt' | 'keyOf' | 'factsOf'>,
  mode: ChoiceMode<Item>,
  indices: Iterable<number>,
  {engine, checkNotStopped, advance}: Answering,
  scoring: {readonly batchTokens: number},
): AsyncGenerator<ItemPredictions> {
  for (const chunk of chunksOf(indices, itemsPerCall)) {
    checkNotStopped()
    const items = chunk.map((index) => task.itemAt('val', index))
    const choices = items.map((item) => mode.of(item))
    const queries = choices.flatMap(({prompt, options}) =>
      options.map(({ids}) => ({of: 'policy' as const, prompt, continuation: ids})),
    )
    const logprobs = await engine.logprobs(queries, scoring)
    let at = 0
    for (const [i, item] of items.entries()) {
      const own = logprobs.slice(at, at + choices[i].options.length)
      at += own.length
      yield {key: task.keyOf(item), facts: task.factsOf(item), predictions: [predictionOf(choices[i], own)]}
    }
    advance(chunk.length)
  }
}

function predictionOf({prompt, options}: Choices, logprobs: readonly Float32Array[]): Prediction {
  const {answer, ids, isRight} = bestOf(options, logprobs)
  const lengths = {promptTokens: prompt.length, completionTokens: options.map(({ids}) => ids.length)}
  return {answer, correct: isRight, outcome: null, text: null, answerTokens: ids.length, cutTokens: 0, lengths}
}

function bestOf(options: readonly Choice[], logprobs: readonly Float32Array[]): Choice {
  const totals = logprobs.map((tokens) => tokens.reduce((sum, logprob) => sum + logprob, 0))
  return options.reduce((best, option, i) => (totals[i] > totals[options.indexOf(best)] ? option : best))
}
