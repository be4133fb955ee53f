import {existsSync} from 'node:fs'
import {copyFile} from 'node:fs/promises'
import {join} from 'node:path'

/** Copies a tokenizer's files from one folder to another. */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    if (existsSync(join(from, name))) await copyFile(join(from, name), join(to, name))
}
