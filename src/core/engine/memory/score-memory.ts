import type {Config} from '../../config/schema.js'
import type {ModelConfig} from '../../models/model-config.js'
import {countBucket, lengthBucket} from '../graphs/bucket.js'
import type {LogprobShape} from '../graphs/logprobs.js'
import type {ScoreShape} from '../graphs/score.js'
import {logprobShape, scoreShape} from '../graphs/shapes.js'
import type {ScoreSettings} from '../scoring/score.js'
import type {MemoryDemand} from './check-memory.js'

/** The largest batch of sequences of at most `longest` tokens that `scoreSequences` makes. */
export function largestScoreShape({topK, batchTokens}: ScoreSettings, longest: number): ScoreShape {
  return scoreShape(sequencesWithin(batchTokens, longest), longest, topK)
}

/** The largest batch that `answerQueries` makes of queries that all are as long as the longest. */
export function largestLogprobShape(
  batchTokens: number,
  longest: {readonly promptTokens: number; readonly continuationTokens: number},
): LogprobShape {
  const tokens = longest.promptTokens + longest.continuationTokens - 1
  const rows = sequencesWithin(batchTokens, tokens)
  return logprobShape(rows, tokens, rows * longest.continuationTokens)
}

function sequencesWithin(batchTokens: number, longest: number): number {
  const length = lengthBucket(longest)
  let rows = 1
  while (countBucket(rows + 1) * length <= batchTokens) rows++
  return rows
}

/** What scoring documents asks of the engine at most. */
export function scoringDemand(
  model: ModelConfig,
  {device, precision, data}: Pick<Config, 'device' | 'precision'> & {readonly data: ScoreSettings},
  longest: number,
): MemoryDemand {
  const tokens = Math.min(longest, model.maxPositions)
  const workOf = (batchTokens: number) => ({
    model,
    precision,
    score: largestScoreShape({...data, batchTokens}, tokens),
  })
  const {batchTokens} = data
  return {
    work: workOf(batchTokens),
    device,
    sizes: [{setting: 'data.batchTokens', value: batchTokens, kinds: ['score'], least: 16, at: workOf}],
  }
}
