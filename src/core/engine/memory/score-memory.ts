import type {ModelConfig} from '../../models/model-config.js'
import {countBucket, lengthBucket} from '../graphs/bucket.js'
import type {ScoreShape} from '../graphs/score.js'
import {scoreShape} from '../graphs/shapes.js'
import type {ScoreSettings} from '../scoring/score.js'
import type {MemoryDemand} from './check-memory.js'

/** The largest batch of sequences of at most `longest` tokens that `scoreSequences` makes. */
export function largestScoreShape({topK, batchTokens}: ScoreSettings, longest: number): ScoreShape {
  const length = lengthBucket(longest)
  let rows = 1
  while (countBucket(rows + 1) * length <= batchTokens) rows++
  return scoreShape(rows, longest, topK)
}

/** What scoring documents asks of the engine at most. */
export function scoringDemand(model: ModelConfig, settings: ScoreSettings, longest: number): MemoryDemand {
  const tokens = Math.min(longest, model.maxPositions)
  const workOf = (batchTokens: number) => ({model, score: largestScoreShape({...settings, batchTokens}, tokens)})
  const {batchTokens} = settings
  return {
    work: workOf(batchTokens),
    knobs: [{setting: 'data.batchTokens', value: batchTokens, kinds: ['score'], least: 16, at: workOf}],
  }
}
