import type {FitRow} from '../statistics/series.js'
import type {Progress} from '../util/progress.js'
import {type Comparison, compareAll} from './comparisons.js'
import type {RunFolder} from './read-run.js'
import {collectReasoning, type Reasoning} from './reasoning.js'
import {collectResults, type Result} from './results.js'
import {collectFits, collectScaling, lostCompute, type ScalingPointRow} from './scaling-figures.js'

/** Everything that a report says, on its page and in the terminal. */
export interface ReportContent {
  readonly runs: readonly RunFolder[]
  readonly results: readonly Result[]
  readonly comparisons: readonly Comparison[]
  readonly reasonings: readonly Reasoning[]
  readonly points: readonly ScalingPointRow[]
  readonly fits: readonly FitRow[]
}

/** Reads the predictions that comparisons need, resamples and fits: the slow part of a report. */
export async function contentOf(runs: readonly RunFolder[], progress?: Progress): Promise<ReportContent> {
  const results = collectResults(runs)
  const points = collectScaling(runs)
  for (const line of lostCompute(runs)) progress?.warn(line)
  const [comparisons, reasonings] = [await compareAll(results, {progress}), collectReasoning(results)]
  return {runs, results, comparisons, reasonings, points, fits: collectFits(runs, points)}
}
