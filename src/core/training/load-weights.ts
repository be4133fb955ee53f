import type {Engine} from '../engine/engine.js'
import {loadModel} from '../engine/load-model.js'
import type {Progress} from '../util/progress.js'
import type {TrainingStart} from './open-training.js'
import {resumedWeights} from './starting-model.js'

/**
 * Loads what a run trains: the weights that it starts from, or those of its checkpoint with the optimizer's state. A run that
 * goes on reads the weights that it started from only where the KL term needs them, as its reference.
 *
 * @throws {DataError} when weights or the optimizer's state cannot be read, or do not fit
 */
export async function loadWeights(
  engine: Engine,
  {loaded, source, resumed, opened}: Pick<TrainingStart, 'loaded' | 'source' | 'resumed' | 'opened'>,
  progress: Progress,
): Promise<void> {
  const {hasReference, hasAverage} = opened.work(loaded.config)
  if (hasReference || !resumed) await loadModel(engine, source.weights, progress)
  if (hasReference) await engine.keepReference()
  if (resumed) {
    await loadModel(engine, resumedWeights(source, resumed.folder), progress)
    await engine.restoreOptimizer(resumed.folder)
  } else if (hasAverage) await engine.keepAverage()
}
