import type {Config} from '../config/schema.js'
import {type PromptSettings, renderPrompt} from '../prompts/prompts.js'
import type {ItemKey, Prompt} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'

/** The prompts of questions are in a template of their own. */
export function questionPromptSettings({prompt}: Pick<Config, 'prompt'>): PromptSettings {
  return {
    ...prompt,
    template: prompt.questionTemplate,
    templateFile: undefined,
    templateKey: 'prompt.questionTemplate',
  }
}

/** A question within its template; one that is too long loses text from the left. */
export function questionPrompt(
  tokenizer: Tokenizer,
  settings: PromptSettings,
  {key, text}: {readonly key: ItemKey; readonly text: string},
  room: number,
): Prompt {
  return renderPrompt(tokenizer, settings, {key, tokenIds: tokenizer.encodeText(text)}, room)
}
