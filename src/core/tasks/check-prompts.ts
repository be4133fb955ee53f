import type {Config} from '../config/schema.js'
import {checkPrompts} from '../prompts/prompt-limit.js'
import {describePrompt, instructionTokens, isAutomatic, mentionsEnd, opensThought} from '../prompts/prompts.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import type {TaskKind} from './task.js'

/**
 * Checks that prompts of a task can be rendered, warns where nothing tells the model how to end its thought, and says which
 * instruction they are in.
 *
 * @param warn absent where that was said before, or the model was taught it
 * @returns a line, e.g. `template opened, chosen by the tokenizer, 104 tokens besides the context`
 * @throws {UsageError} when the template is unknown, or there is no room for it
 */
export function checkTaskPrompts(
  {endsThought, templateKeys, promptSettings}: TaskKind,
  config: Config,
  model: {readonly maxPositions: number},
  tokenizer: Tokenizer,
  warn?: (line: string) => void,
): string {
  const settings = promptSettings(config)
  checkPrompts(config, settings, model, tokenizer)
  const mustEnd = endsThought || opensThought(tokenizer, settings)
  const remedy = endsThought
    ? 'leave prompt.template at auto, or run rpt warm-start first'
    : `take another ${templateKeys[0]}`
  if (mustEnd && !mentionsEnd(tokenizer, settings))
    warn?.(
      'neither the tokenizer nor the prompt mentions </think>, which must end every thought: unless the model was fine-tuned ' +
        `to write it, all completions are unfinished-thinking and wrong; ${remedy}`,
    )
  const {template} = describePrompt(tokenizer, settings)
  return `template ${template}${isAutomatic(settings) ? ', chosen by the tokenizer' : ''}, ${instructionTokens(tokenizer, settings)} tokens besides the context`
}
