import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {checkpointFile} from '../data/preparation-inputs.js'
import type {PreparedData} from '../data/prepared.js'
import {readModelConfig} from '../models/model-config.js'
import {fingerprintOf} from '../store/index.js'
import {checkTokenizerFits, loadTokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'

/**
 * Prepared data as a model reads it: with the model's own tokenizer, and so its chat template, where it has one.
 *
 * @param path checkpoint folder or `config.json`
 * @throws {DataError} when the vocabulary is too small, or the checkpoint's tokenizer gives other tokens
 */
export async function dataFor(path: string, data: PreparedData): Promise<PreparedData> {
  const {vocabulary} = await readModelConfig(path)
  checkTokenizerFits(data.tokenizer, vocabulary, path)
  if (!existsSync(join(path, 'tokenizer.json'))) return data
  const tokenizer = await loadTokenizer(path)
  if (tokenizer.fingerprint === data.tokenizer.fingerprint) return {...data, tokenizer}
  throw new DataError(`${path} has another tokenizer than ${data.folder} was prepared with`, {
    suggestions: ['run rpt prepare-data with --tokenizer of this model'],
  })
}

/** Hash of a checkpoint's `config.json` and weights. */
export function fingerprintOfModel(folder: string): string {
  const names = readdirSync(folder).filter((name) => checkpointFile.test(name))
  return fingerprintOf({inputs: names.sort().map((name) => join(folder, name)), options: null})
}
