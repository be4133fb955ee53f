import type {Progress} from '../util/progress.js'
import type {Engine, LoadedModel, WeightSource} from './engine.js'

/** Loads weights and says that it does: those of a large model take a while. Throws what `engine.load` throws. */
export async function loadModel(engine: Engine, source: WeightSource, progress: Progress): Promise<LoadedModel> {
  const stage = progress.stage('load the model')
  const loaded = await engine.load(source)
  const {parameterCount, adapterCount} = loaded
  stage.done(`${parameterCount} parameters${adapterCount > 0 ? `, adapters of ${adapterCount}` : ''}`)
  return loaded
}
