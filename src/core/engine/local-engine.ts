import {ComputingEngine} from './computing-engine.js'
import type {Engine, LoadedModel, WeightSource} from './engine.js'
import {describeModel} from './state/describe-model.js'

/** An engine in this thread. */
export class LocalEngine extends ComputingEngine implements Engine {
  override async load(source: WeightSource): Promise<LoadedModel> {
    return super.load(source, await describeModel(source))
  }
}
