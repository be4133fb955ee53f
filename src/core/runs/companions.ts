import {readFileSync, statSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {guardRead} from '../files/index.js'
import {tokenizerFileNames} from '../tokenizer/file-names.js'
import {DataError} from '../util/errors.js'

/** What makes weights and `config.json` a whole checkpoint, by file name: tokenizer, chat template, generation settings. */
export type Companions = ReadonlyMap<string, Buffer>

/** What belongs to a checkpoint besides weights and `config.json`, as transformers writes it. */
export const companionNames: readonly string[] = [
  ...tokenizerFileNames,
  'generation_config.json',
  'tokenizer.model',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
]

/**
 * Reads the companions of every checkpoint of a run when it begins, so that each is whole though folders vanish meanwhile.
 * Whatever may be missing is left out, but for the tokenizer, which every checkpoint has.
 *
 * @param dataFolder prepared data, for their tokenizer
 * @param modelFolders of what training starts from; the files of a later one come before those of an earlier
 * @throws {DataError} when a file cannot be read, or none of the folders has a tokenizer any more
 */
export function readCompanions(dataFolder: string, modelFolders: readonly string[]): Companions {
  const files = new Map<string, Buffer>()
  const take = (folder: string, names: readonly string[]) => {
    for (const name of names) {
      const file = join(folder, name)
      if (statSync(file, {throwIfNoEntry: false})?.isFile())
        files.set(
          name,
          guardRead('reading', file, () => readFileSync(file)),
        )
    }
  }
  take(dataFolder, tokenizerFileNames)
  for (const folder of modelFolders) take(folder, companionNames)
  if (files.has('tokenizer.json')) return files
  const folders = [...new Set([dataFolder, ...modelFolders])].join(', ')
  throw new DataError(`train: no tokenizer.json is left in ${folders}`, {
    suggestions: ['run it again: another process may have removed or replaced the folder'],
  })
}

/** Writes the companions into a checkpoint folder. */
export async function writeCompanions(folder: string, companions: Companions): Promise<void> {
  for (const [name, bytes] of companions) await writeFile(join(folder, name), bytes)
}
