import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {checkpointFile} from '../data/preparation-inputs.js'
import type {PreparedData} from '../data/prepared.js'
import {type ModelConfig, readModelConfig} from '../models/model-config.js'
import {fingerprintOf} from '../store/index.js'
import {checkTokenizerFits, loadTokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'

/**
 * Checks that a model reads the tokens that the data was prepared with.
 *
 * @param path checkpoint folder or `config.json`
 * @throws {DataError} when the vocabulary is too small, or the checkpoint's own tokenizer is another one
 */
export async function checkModelFits(path: string, {tokenizer, folder}: PreparedData): Promise<ModelConfig> {
  const model = await readModelConfig(path)
  checkTokenizerFits(tokenizer, model.vocabulary, path)
  if (existsSync(join(path, 'tokenizer.json'))) {
    const own = await loadTokenizer(path)
    if (own.fingerprint !== tokenizer.fingerprint)
      throw new DataError(`${path} has another tokenizer than ${folder} was prepared with`, {
        suggestions: ['run rpt prepare-data with --tokenizer of this model'],
      })
  }
  return model
}

/** Hash of a checkpoint's `config.json` and weights. */
export function fingerprintOfModel(folder: string): string {
  const names = readdirSync(folder).filter((name) => checkpointFile.test(name))
  return fingerprintOf({inputs: names.sort().map((name) => join(folder, name)), options: null})
}
