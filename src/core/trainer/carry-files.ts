import {statSync} from 'node:fs'
import {copyFile} from 'node:fs/promises'
import {join} from 'node:path'

/** What belongs to a checkpoint besides weights and `config.json`, as transformers writes it. */
const carried = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
]

/** Copies the generation settings, tokenizer and chat template of a checkpoint folder beside new weights. */
export async function carryFiles(from: string, to: string): Promise<void> {
  for (const name of carried)
    if (statSync(join(from, name), {throwIfNoEntry: false})?.isFile()) await copyFile(join(from, name), join(to, name))
}
