import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {chatTemplateOf, type Studied, templateOf, type VariantSettings} from './study.js'

/** Where the files of prompts are written, and the chat template of the model; null where it has none. */
export interface PromptFiles {
  readonly folder: string
  readonly chatTemplate: string | null
}

/** The settings that put a template in one way; what needs a file is written to one that begins with the way's name. */
export function promptSettings(
  {folder, chatTemplate}: PromptFiles,
  way: string,
  variant: VariantSettings,
  name: Studied['name'],
): string[] {
  const write = (file: string, text: string) => {
    mkdirSync(folder, {recursive: true})
    writeFileSync(join(folder, file), text)
    return join(folder, file)
  }
  const chat = chatTemplateOf(chatTemplate, variant.opening)
  const text = templateOf(name, variant)
  return [
    text === null ? `prompt.template=${name}` : `prompt.templateFile=${write(`${way}-${name}.txt`, text)}`,
    ...(chat === null ? [] : [`prompt.chatTemplateFile=${write(`${way}.jinja`, chat)}`]),
  ]
}
