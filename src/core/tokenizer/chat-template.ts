import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {z} from 'zod'
import {DataError} from '../util/errors.js'
import {withLineFeeds} from '../util/plain-file.js'
import {hasHalfPair} from '../util/text-bytes.js'
import {readSmallJson, readSmallText} from './read-json.js'
import {type Rendering, renderAll, renderJinja} from './render-jinja.js'
import type {TokenizerConfig, TokenName} from './tokenizer-json.js'

/** A Jinja template that turns messages into the text that a model was trained to read. */
export interface ChatTemplate {
  /** The file it came from, for messages. */
  readonly file: string
  readonly source: string
  /** Names and texts of the special tokens that it may write, e.g. `bos_token`. */
  readonly tokens: Readonly<Record<string, string>>
}

/** What surrounds the context in a prompt. */
export interface PromptParts {
  readonly before: string
  readonly after: string
}

const processorFile = z.looseObject({chat_template: z.string()})

/** Stands for the context: characters that a template would have to change to trim, escape, split or recase it. */
const placeholder = '\u2063Cc  \n"<&>\'\\ {{ }}\u2063'

/**
 * The chat template of a folder; null where it has none.
 *
 * Read from `chat_template.jinja`, else `chat_template.json`, else `tokenizer_config.json`, where a list of named templates
 * counts by the one named `default`.
 *
 * @throws {DataError} naming the file, when it is malformed or has several templates and no default
 */
export function readChatTemplate(folder: string, config: TokenizerConfig): ChatTemplate | null {
  const tokens = tokenTexts(config)
  const jinja = join(folder, 'chat_template.jinja')
  if (existsSync(jinja)) return templateOf(jinja, readSmallText(jinja), tokens)
  const json = join(folder, 'chat_template.json')
  if (existsSync(json)) return templateOf(json, readSmallJson(json, processorFile).chat_template, tokens)
  const file = join(folder, 'tokenizer_config.json')
  const source = defaultOf(config.chat_template, file)
  return source === null ? null : templateOf(file, source, tokens)
}

/** A chat template from a file of the user's, with the special tokens of a tokenizer's configuration. */
export function chatTemplateFrom(file: string, tokens: ChatTemplate['tokens']): ChatTemplate {
  return templateOf(file, readSmallText(file), tokens)
}

/** Jinja itself takes every line end for a line feed. */
function templateOf(file: string, source: string, tokens: ChatTemplate['tokens']): ChatTemplate {
  if (hasHalfPair(source))
    throw new DataError(`${file}: the chat template has half a surrogate pair, which no UTF-8 can hold`)
  return {file, source: withLineFeeds(source), tokens}
}

/** The template that conversations of a corpus are put into: the file of the user's, else the tokenizer's; null where there is none. */
export function conversationTemplate(
  {chatTemplate, tokenTexts}: {readonly chatTemplate: ChatTemplate | null; readonly tokenTexts: ChatTemplate['tokens']},
  {chatTemplateFile}: {readonly chatTemplateFile?: string},
): ChatTemplate | null {
  return chatTemplateFile ? chatTemplateFrom(chatTemplateFile, tokenTexts) : chatTemplate
}

/** Texts of the special tokens that a configuration names, by the names that templates know them by. */
export function tokenTexts(config: TokenizerConfig): Readonly<Record<string, string>> {
  const named: Readonly<Record<string, TokenName>> = {
    bos_token: config.bos_token,
    eos_token: config.eos_token,
    pad_token: config.pad_token,
    unk_token: config.unk_token,
  }
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, token]) => {
      const text = typeof token === 'string' ? token : token?.content
      return text === undefined ? [] : [[name, text]]
    }),
  )
}

function defaultOf(templates: TokenizerConfig['chat_template'], file: string): string | null {
  if (templates === undefined || templates === null) return null
  if (typeof templates === 'string') return templates
  const chosen = templates.length === 1 ? templates[0] : templates.find(({name}) => name === 'default')
  if (chosen) return chosen.template
  const names = templates.map(({name}) => JSON.stringify(name)).join(', ')
  throw new DataError(`${file}: chat_template has ${names || 'no templates'}; expected one named "default"`, {
    suggestions: ['give one of them as prompt.chatTemplateFile', 'set prompt.chatTemplate to none'],
  })
}

/** What a template asks for today's date with: see `renderJinja`. */
const clock = 'strftime_now'
const dateHint = `a prompt must not change from day to day: in a copy of the template write a date in place of ${clock}(...)`

/**
 * The text before and after the context when an instruction is sent as the one message of a user and the model's turn has
 * begun (`add_generation_prompt`).
 *
 * Rendered once, with a placeholder where the context goes, so that the context can keep its own tokens.
 *
 * @param instruction what the message says before and after the context; white space at its ends may be trimmed
 * @throws {DataError} when the template fails, never ends, or does not give the message back once and unchanged
 */
export function renderChat(template: ChatTemplate, instruction: PromptParts): PromptParts {
  const {file, source, tokens} = template
  const refuse = (why: string, hints: readonly string[] = []) =>
    new DataError(`${file}: the chat template cannot be used: ${why}`, {
      suggestions: [...hints, 'set prompt.chatTemplate to none, or give another as prompt.chatTemplateFile'],
    })
  const content = instruction.before + placeholder + instruction.after
  const rendering = renderJinja(source, variablesOf({messages: [{role: 'user', content}], isPrompt: true}, tokens))
  if (rendering.kind === 'failed') throw refuse(rendering.why, source.includes(clock) ? [dateHint] : [])
  const parts = rendering.text.split(placeholder)
  if (parts.length > 2) throw refuse(`it writes the message of the user ${parts.length - 1} times; expected once`)
  const [before, after] = parts
  const isWhole = before.endsWith(instruction.before.trimStart()) && after?.startsWith(instruction.after.trimEnd())
  if (!isWhole) throw refuse('it drops, changes or escapes the message of the user; expected it once, as it is')
  return {before, after}
}

/** Messages to be rendered. */
export interface Chat {
  readonly messages: readonly object[]
  /** Whether the model's turn begins behind them (`add_generation_prompt`). */
  readonly isPrompt: boolean
  /** Tools that the template may describe, as JSON schemas. */
  readonly tools?: readonly unknown[]
}

/** Renders conversations as the reference does, one after the other; each fails by itself. */
export function renderChats({source, tokens}: ChatTemplate, chats: readonly Chat[]): Generator<Rendering, void> {
  return renderAll(
    source,
    chats.map((chat) => variablesOf(chat, tokens)),
  )
}

function variablesOf({messages, isPrompt, tools}: Chat, tokens: ChatTemplate['tokens']) {
  return {...tokens, messages, add_generation_prompt: isPrompt, tools: tools ?? null, documents: null}
}
