import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {readModelConfig} from '../models/model-config.js'
import type {PreparedData} from '../prepared/prepared.js'
import {agreeWithin, fitTokenizer, loadTokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import {type Progress, silentProgress} from '../util/progress.js'
import {configFolder, type ModelPlace, tokenizerFolder} from './model-place.js'

/**
 * Prepared data as a model reads it: with the model's own tokenizer, and so its chat template, where it has one.
 *
 * @param place a model's, or a `config.json` as the folder
 * @param progress is warned of special tokens that the model has no row for
 * @throws {DataError} when the vocabulary is too small, or the checkpoint's tokenizer gives other tokens
 */
export async function dataFor(
  place: ModelPlace,
  data: PreparedData,
  progress: Pick<Progress, 'warn'> = silentProgress,
): Promise<PreparedData> {
  const {vocabulary} = await readModelConfig(configFolder(place))
  const path = tokenizerFolder(place)
  const isOwn = existsSync(join(path, 'tokenizer.json'))
  const tokenizer = isOwn ? await loadTokenizer(path) : data.tokenizer
  if (agreeWithin(tokenizer, data.tokenizer, vocabulary))
    return {...data, tokenizer: fitTokenizer(tokenizer, vocabulary, path, progress)}
  throw new DataError(`${path} has another tokenizer than ${data.folder} was prepared with`, {
    suggestions: ['run rpt prepare-data with --tokenizer of this model'],
  })
}
