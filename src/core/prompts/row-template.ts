import type {Config} from '../config/schema.js'
import type {TrainingRow} from '../records/records.js'
import type {PromptParts} from '../tokenizer/chat-template.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {promptText} from './prompts.js'
import {builtIn, templates} from './templates.js'

/** A template that prompts were rendered in, alone or within the chat template. */
export interface RowTemplate {
  readonly template: string
  readonly chatTemplate: Config['prompt']['chatTemplate']
}

/** Prompts that all begin with so many equal characters have an instruction, which `bare` has not. */
const instructionLength = 16

/**
 * Templates whose fixed text surrounds the prompts of all rows, the longest fixed text first; none where there is none.
 *
 * @param own another template to try besides the built-in ones: its name or text
 */
export function rowTemplates(
  rows: readonly TrainingRow[],
  tokenizer: Tokenizer,
  {prompt}: Pick<Config, 'prompt'>,
  own?: string,
): RowTemplate[] {
  let fitting = candidatesOf(tokenizer, prompt, own)
  let first: string | undefined
  let shared = 0
  let isVaried = false
  for (const {ids, trainedFrom} of rows) {
    const whole = tokenizer.decode(ids.subarray(0, trainedFrom))
    const text = ids[0] === tokenizer.startId ? tokenizer.decode(ids.subarray(1, trainedFrom)) : whole
    fitting = fitting.filter(({parts}) => isWithin(parts, text) || isWithin(parts, whole))
    shared = first === undefined ? text.length : sharedLength(first, text, shared)
    isVaried ||= first !== undefined && first !== text
    first ??= text
  }
  const hasInstruction = isVaried && shared >= instructionLength
  return fitting
    .filter(({parts}) => parts.before !== '' || !hasInstruction)
    .sort((a, b) => lengthOf(b.parts) - lengthOf(a.parts))
    .map(({template, chatTemplate}) => ({template, chatTemplate}))
}

interface Candidate extends RowTemplate {
  readonly parts: PromptParts
}

function candidatesOf(tokenizer: Tokenizer, prompt: Config['prompt'], own: string | undefined): Candidate[] {
  const names = new Set([...Object.keys(templates), ...(own === undefined ? [] : [own])])
  const kinds = tokenizer.chatTemplate || prompt.chatTemplateFile ? (['none', 'auto'] as const) : (['none'] as const)
  return [...names].flatMap((template) =>
    kinds
      .filter((chatTemplate) => chatTemplate === 'none' || !builtIn(template)?.isPlain)
      .map((chatTemplate) => {
        const chatTemplateFile = chatTemplate === 'auto' ? prompt.chatTemplateFile : undefined
        return {
          template,
          chatTemplate,
          parts: promptText(tokenizer, {template, chatTemplate, chatTemplateFile, templateKey: 'sft.template'}),
        }
      }),
  )
}

function isWithin({before, after}: PromptParts, text: string): boolean {
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after)
}

function lengthOf({before, after}: PromptParts): number {
  return before.length + after.length
}

/** How many characters two texts begin with alike, at most `limit`. */
function sharedLength(a: string, b: string, limit: number): number {
  let length = 0
  while (length < limit && length < b.length && a[length] === b[length]) length++
  return length
}
