import {statSync} from 'node:fs'
import {copyFile} from 'node:fs/promises'
import {join} from 'node:path'
import {tokenizerFileNames} from '../tokenizer/file-names.js'

/** Copies a tokenizer's files and its chat template from one folder to another. */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  for (const name of tokenizerFileNames)
    if (statSync(join(from, name), {throwIfNoEntry: false})?.isFile()) await copyFile(join(from, name), join(to, name))
}
