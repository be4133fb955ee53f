import type {Config} from '../config/schema.js'
import type {TrainingRow} from '../records/records.js'
import type {PromptParts} from '../tokenizer/chat-template.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {givenTemplate, isAutomatic, type PromptSettings, promptParts} from './prompts.js'
import {builtIn, templates} from './templates.js'

/** A template that prompts were rendered in, alone or within the chat template. */
export interface RowTemplate {
  readonly template: string
  readonly chatTemplate: Config['prompt']['chatTemplate']
}

/** Prompts that all begin, or end, with so many equal characters besides a template's own text have another instruction. */
const instructionLength = 16

/**
 * Templates whose fixed text surrounds the prompts of all rows: those that are given first, then the built-in ones, of each the
 * longest fixed text first; none where there is none. A built-in one that begins with the context says too little of rows
 * that share an instruction, and is left out there.
 *
 * @param settings their `prompt` may give a template
 * @param own another template that is given: its name or text
 */
export function rowTemplates(
  rows: readonly TrainingRow[],
  tokenizer: Tokenizer,
  {prompt}: Pick<Config, 'prompt'>,
  own?: string,
): RowTemplate[] {
  let fitting = candidatesOf(tokenizer, prompt, own)
  const shared = new SharedText()
  for (const {ids, trainedFrom} of rows) {
    const whole = tokenizer.decode(ids.subarray(0, trainedFrom))
    const text = ids[0] === tokenizer.startId ? tokenizer.decode(ids.subarray(1, trainedFrom)) : whole
    fitting = fitting.filter(({parts}) => isWithin(parts, text) || isWithin(parts, whole))
    shared.add(text)
  }
  return fitting
    .filter(({parts, isGiven}) => isGiven || parts.before !== '' || !shared.exceeds(parts))
    .sort((a, b) => Number(b.isGiven) - Number(a.isGiven) || lengthOf(b.parts) - lengthOf(a.parts))
    .map(({template, chatTemplate}) => ({template, chatTemplate}))
}

/** What texts that are not all the same begin and end with alike. */
class SharedText {
  private first: string | undefined
  private isVaried = false
  private start = 0
  private end = 0

  add(text: string): void {
    this.start = this.first === undefined ? text.length : sharedLength(this.first, text, this.start, 1)
    this.end = this.first === undefined ? text.length : sharedLength(this.first, text, this.end, -1)
    this.isVaried ||= this.first !== undefined && this.first !== text
    this.first ??= text
  }

  /** Whether it is longer than the text of a template by that of an instruction. */
  exceeds({before, after}: PromptParts): boolean {
    return this.isVaried && Math.max(this.start - before.length, this.end - after.length) >= instructionLength
  }
}

interface Candidate extends RowTemplate {
  readonly parts: PromptParts
  readonly isGiven: boolean
}

type Named = Pick<PromptSettings, 'template' | 'templateFile' | 'templateKey'>

function candidatesOf(tokenizer: Tokenizer, prompt: Config['prompt'], own: string | undefined): Candidate[] {
  const given: Named[] = [
    ...(own === undefined ? [] : [{template: own, templateKey: 'sft.template'}]),
    ...(isAutomatic(prompt) ? [] : [{template: givenTemplate(prompt), templateFile: prompt.templateFile}]),
  ]
  const others = Object.keys(templates).filter((name) => given.every(({template}) => template !== name))
  const kinds = tokenizer.chatTemplate || prompt.chatTemplateFile ? (['none', 'auto'] as const) : (['none'] as const)
  const withKinds = (named: Named, isGiven: boolean) =>
    kinds
      .filter((chatTemplate) => chatTemplate === 'none' || !builtIn(named.template)?.isPlain)
      .map((chatTemplate) => {
        const chatTemplateFile = chatTemplate === 'auto' ? prompt.chatTemplateFile : undefined
        const parts = promptParts(tokenizer, {...named, chatTemplate, chatTemplateFile})
        return {template: named.template, chatTemplate, isGiven, parts}
      })
  return [
    ...given.flatMap((named) => withKinds(named, true)),
    ...others.flatMap((template) => withKinds({template}, false)),
  ]
}

function isWithin({before, after}: PromptParts, text: string): boolean {
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after)
}

function lengthOf({before, after}: PromptParts): number {
  return before.length + after.length
}

/** How many characters two texts begin with alike, or end with where `step` is -1; at most `limit`. */
function sharedLength(a: string, b: string, limit: number, step: 1 | -1): number {
  const at = (text: string, index: number) => text.at(step === 1 ? index : -1 - index)
  let length = 0
  while (length < limit && length < b.length && at(a, length) === at(b, length)) length++
  return length
}
