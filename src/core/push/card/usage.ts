import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {objectives} from '../../objectives/objectives.js'
import {describePrompt, promptParts} from '../../prompts/prompts.js'
import {tasks} from '../../tasks/tasks.js'
import type {PromptParts} from '../../tokenizer/chat-template.js'
import {loadTokenizer} from '../../tokenizer/tokenizer.js'
import type {BaseModel} from '../base-model.js'
import type {TrainedRun} from '../trained-run.js'
import {codeBlock} from './markdown.js'

/** The prompts that a checkpoint was trained with. */
export interface CardPrompt extends PromptParts {
  /** Whether the text has all special tokens in it, because a chat template wrote it. */
  readonly isChat: boolean
  /** What stands between: the text to continue, or a question. */
  readonly subject: string
  readonly maxNewTokens: number
}

/**
 * The text that a run's prompts put around their items; null if the run had no prompts, or if the template or the tokenizer
 * is gone.
 */
export async function promptOf({config, folder}: TrainedRun): Promise<CardPrompt | null> {
  if (!existsSync(join(folder, 'tokenizer.json'))) return null
  for (const kind of Object.values(tasks)) {
    const trained = objectives[config.train.objective].trainedPrompt(config, kind.name)
    if (typeof trained === 'string') continue
    const settings = kind.promptSettings(trained)
    const files = [settings.templateFile, settings.chatTemplateFile]
    if (files.some((file) => file !== undefined && !existsSync(file))) return null
    const tokenizer = await loadTokenizer(folder)
    const isChat = describePrompt(tokenizer, settings).chatTemplate !== 'none'
    const subject = kind.readsDocuments ? 'The text to continue' : 'The question'
    return {...promptParts(tokenizer, settings), isChat, subject, maxNewTokens: config.rollout.maxTokens}
  }
  return null
}

/** How to load a checkpoint, and to ask it as it was trained. */
export function usageSection(
  repository: string,
  {isAdapter, folder}: TrainedRun,
  base: BaseModel | null,
  prompt: CardPrompt | null,
): string {
  const [module, model] = isAdapter ? ['peft', 'AutoPeftModelForCausalLM'] : ['transformers', 'AutoModelForCausalLM']
  const hasTokenizer = existsSync(join(folder, 'tokenizer.json'))
  const tokenizer = hasTokenizer || base === null ? repository : base.id
  const imports =
    module === 'peft'
      ? ['from peft import AutoPeftModelForCausalLM', 'from transformers import AutoTokenizer']
      : ['from transformers import AutoModelForCausalLM, AutoTokenizer']
  const lines = [
    ...imports,
    '',
    `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(tokenizer)})`,
    `model = ${model}.from_pretrained(${JSON.stringify(repository)})`,
    ...(prompt ? ['', ...askingLines(prompt)] : []),
  ]
  const note = prompt
    ? ['`before` and `after` are what training put around a text. The answer is what the last `\\boxed{}` holds.']
    : []
  return ['## Use it', codeBlock('python', lines.join('\n')), ...note].join('\n\n')
}

/** JSON's way to write a text is Python's too. */
function askingLines({before, after, isChat, subject, maxNewTokens}: CardPrompt): string[] {
  return [
    `before = ${JSON.stringify(before)}`,
    `after = ${JSON.stringify(after)}`,
    `text = before + ${JSON.stringify(subject)} + after`,
    `inputs = tokenizer(text, return_tensors="pt"${isChat ? ', add_special_tokens=False' : ''})`,
    `output = model.generate(**inputs, max_new_tokens=${maxNewTokens}, do_sample=False)`,
    'print(tokenizer.decode(output[0, inputs["input_ids"].shape[1]:]))',
  ]
}
