import type {KeyNeed} from './load.js'
import type {Config} from './schema.js'

/**
 * What training cannot run without: prepared data only where documents are read, or where there is no checkpoint that has a
 * tokenizer.
 */
export function trainingNeeds({train, sft, eval: evaluation, model}: Config): readonly KeyNeed[] {
  const isSft = train.objective === 'sft'
  const readsData = !isSft || sft.documentShare > 0 || evaluation.every > 0 || model.path === undefined
  return [...(readsData ? ['data.dir'] : []), ...(isSft ? ['sft.completions'] : []), ['model.path', 'model.config']]
}
