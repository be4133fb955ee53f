import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {z} from 'zod'
import {DataError} from '../util/errors.js'
import {readPlainText} from '../util/plain-file.js'
import {asksForPart, everySplit, noSplit, type SplitChoice, type SplitRequest} from './split-choice.js'

/** A name of a file or folder of its own, never a way out of the folder. */
const plainName = z.string().regex(/^(?!\.{1,2}$)[^/\\]+$/)
const dictionaryFile = z.looseObject({splits: z.array(plainName).min(1)})
const stateFile = z.looseObject({
  _data_files: z.array(z.looseObject({filename: plainName})),
  _indices_data_files: z.array(z.unknown()).nullish(),
})

/**
 * The files of a folder that `save_to_disk` of the `datasets` library wrote, as its own lists say, so that what the library
 * has cached beside them is not read; null where the folder is none.
 *
 * @param split of a saved dictionary of splits; a data set that was saved alone is read whole
 * @throws {DataError} when there is no such split, a file is missing, or the rows are a selection that was not written out
 */
export function savedFiles(
  folder: string,
  {split, subset}: Pick<SplitRequest, 'split' | 'subset'>,
): SplitChoice | null {
  const label = `documents ${folder}`
  if (existsSync(join(folder, 'dataset_dict.json'))) {
    const doubts =
      subset === undefined ? [] : [`${label} are saved splits without subsets: data.subset chooses nothing`]
    return {...filesOfDictionary(folder, split), doubts}
  }
  if (!existsSync(join(folder, 'state.json')) || !existsSync(join(folder, 'dataset_info.json'))) return null
  const doubts = asksForPart({split, subset})
    ? [`${label} were saved without splits and are read whole: data.split and data.subset choose nothing`]
    : []
  return {files: filesOfSet(folder, ''), others: null, passed: [], doubts}
}

function filesOfDictionary(folder: string, split: string): Omit<SplitChoice, 'doubts'> {
  const {splits} = readDescription(join(folder, 'dataset_dict.json'), dictionaryFile)
  const isAll = split === everySplit && !splits.includes(split)
  if (!isAll && !splits.includes(split)) throw noSplit({label: `documents ${folder}`, split}, splits)
  const chosen = isAll ? splits : [split]
  return {
    files: chosen.flatMap((name) => filesOfSet(folder, `${name}/`)),
    others: isAll ? [] : splits.filter((name) => name !== split),
    passed: [],
  }
}

/** @param prefix of the split within the folder, with a slash at its end; '' for the folder itself */
function filesOfSet(folder: string, prefix: string): string[] {
  const file = join(folder, prefix, 'state.json')
  const {_data_files: data, _indices_data_files: selection} = readDescription(file, stateFile)
  if (selection && selection.length > 0)
    throw new DataError(`${file}: it selects some of the rows in its files, which rpt cannot read`, {
      suggestions: ['write them out in Python: dataset.flatten_indices().save_to_disk(...)'],
    })
  const files = data.map(({filename}) => prefix + filename)
  const missing = files.find((name) => !existsSync(join(folder, name)))
  if (missing !== undefined) throw new DataError(`${file} names ${missing}, which does not exist`)
  return files
}

function readDescription<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readPlainText(file)))
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    const why = cause instanceof z.ZodError ? `at ${cause.issues[0].path.join('.')}` : (cause as Error).message
    throw new DataError(`${file} is not a file that save_to_disk of the datasets library writes: ${why}`, {cause})
  }
}
