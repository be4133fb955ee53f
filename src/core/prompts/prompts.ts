import {createHash} from 'node:crypto'
import type {Config} from '../config/schema.js'
import type {ItemKey, Prompt} from '../records/records.js'
import {type ChatTemplate, chatTemplateFrom, type PromptParts, renderChat} from '../tokenizer/chat-template.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError, UsageError} from '../util/errors.js'
import {joinIds} from '../util/join-ids.js'
import {readPlainText, withLineFeeds} from '../util/plain-file.js'
import {nearest} from '../util/suggest.js'
import {hasHalfPair} from '../util/text-bytes.js'

const placeholder = '{context}'

const spaceNote =
  'The next token may begin with a space: box it with that space, as in \\boxed{ word} or \\boxed{ =}, and do not wrap it in \\text{}.'

/**
 * Instruction templates with the properties of the paper's v0 to v6 (RPT, Appendix D), in our own words; `bare`: the context
 * and an opened thought, for models that need no instruction; and `boxed`, for questions.
 */
export const templates: Readonly<Record<string, string>> = {
  v0: `Read the text below and work out, step by step, which token follows it. Give your final answer as \\boxed{token}. ${spaceNote}\n\n"### Context"\n${placeholder}`,
  v1: `Read the text below and work out, step by step, which token follows it. Give your final prediction as \\\\boxed{token}. ${spaceNote}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\`.`,
  v2: `You are a helpful assistant who predicts next tokens well. Read the text below, think step by step about what follows, and box the answer as \\boxed{token}. The token may begin with a space: write \\boxed{ word} or \\boxed{ +=} then, and do not use \\text{}.\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  v3: `Read the text below. List several tokens that could follow it, choose the most probable one, and give it as \\boxed{token}. ${spaceNote}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  v4: `Predict the token that follows each text.\n\nText: I have never seen anything like\nAnswer: \\boxed{ this}\n\nText: 3 + 6 =\u0020\nAnswer: \\boxed{9}\n\nText: We list the cases\nAnswer: \\boxed{:\n}\n\n### Context\n\`\`\`\n${placeholder}\n\`\`\``,
  v5: `Read the text below and work out, step by step, which token follows it. Give your final answer as \\boxed{token}. ${spaceNote}\n\n"### Context"\n\`\`\`\n${placeholder}\n\`\`\``,
  v6: `The text to continue stands between backtick fences. List several tokens that could follow it, choose the most probable one, and give it as \\boxed{token}. ${spaceNote}\n\n\`\`\`\n${placeholder}\n\`\`\`\n\nPredict the next token now.`,
  bare: `${placeholder}<think>`,
  boxed: `${placeholder}\n\nReason step by step, then give the final answer as \\boxed{answer}.`,
}

/** What a prompt is about: the context of a position, or a question. */
export interface PromptContext {
  readonly key: ItemKey
  readonly tokenIds: Int32Array
}

/** How prompts are made: see the keys of `prompt`. */
export type PromptSettings = Pick<Config['prompt'], 'template' | 'templateFile' | 'chatTemplate' | 'chatTemplateFile'>

/**
 * Puts a context into an instruction template and, where there is one, that into the model's chat template, as the one
 * message of a user whose answer has begun.
 *
 * The context keeps its document's own token ids; only the text around it is tokenized. A prompt that would be too long
 * loses context from the left, on a token boundary. `bare` is never a message.
 *
 * @param settings how; a string is an instruction template that is used without a chat template
 * @throws {UsageError} when the instruction template is unknown, or the text around the context leaves it no room
 * @throws {DataError} when the chat template cannot be used
 */
export function renderPrompt(
  tokenizer: Tokenizer,
  settings: PromptSettings | string,
  context: PromptContext,
  maxTokens: number,
): Prompt {
  const ids = templateIds(tokenizer, settings)
  const {key, tokenIds} = context
  const {kept, cutTokens} = cutContext(tokenizer, tokenIds, roomOf(ids, maxTokens))
  return {key, ids: joinIds(ids.before, kept, ids.after), contextTokens: tokenIds.length, cutTokens}
}

/**
 * Tokens of context, the start token aside, that a prompt of at most `maxTokens` holds.
 *
 * @throws {UsageError} when the instruction template is unknown, or leaves no room
 * @throws {DataError} when the chat template cannot be used
 */
export function contextRoom(tokenizer: Tokenizer, settings: PromptSettings | string, maxTokens: number): number {
  return roomOf(templateIds(tokenizer, settings), maxTokens)
}

/** What is left of a context in so much room, the start token aside, and how many tokens it lost from the left. */
export function cutContext(
  {startId}: Tokenizer,
  tokenIds: Int32Array,
  room: number,
): {readonly kept: Int32Array; readonly cutTokens: number} {
  const own = tokenIds[0] === startId ? tokenIds.subarray(1) : tokenIds
  const cutTokens = Math.max(0, own.length - room)
  return {kept: own.subarray(cutTokens), cutTokens}
}

/** The end of token ids that are too long for `maxTokens`, after the start token where the model uses one; else all of them. */
export function endOfContext(tokenizer: Tokenizer, tokenIds: Int32Array, maxTokens: number): Int32Array {
  if (tokenIds.length <= maxTokens) return tokenIds
  const start = tokenizer.startId === null ? [] : [tokenizer.startId]
  return joinIds(start, cutContext(tokenizer, tokenIds, maxTokens - start.length).kept)
}

/**
 * Checks that prompts can be rendered, context aside.
 *
 * @throws {UsageError} when the instruction template is unknown, or leaves no room for context within `maxTokens`
 * @throws {DataError} when the chat template cannot be used
 */
export function checkTemplate(tokenizer: Tokenizer, settings: PromptSettings | string, maxTokens: number): void {
  roomOf(templateIds(tokenizer, settings), maxTokens)
}

/**
 * Whether prompts end within a thought, as those of `bare` and of R1's chat template do: completions then begin with the
 * thought itself, and only its end is marked.
 */
export function opensThought(tokenizer: Tokenizer, settings: PromptSettings | string): boolean {
  return /<think>\s*$/.test(templateIds(tokenizer, settings).text.after)
}

/** The text before and after the context of a prompt. */
export function promptText(tokenizer: Tokenizer, settings: PromptSettings): PromptParts {
  return templateIds(tokenizer, settings).text
}

/** How prompts are made, in short words that are equal where the prompts are. */
export function describePrompt(tokenizer: Tokenizer, settings: PromptSettings) {
  const {template, templateFile} = settings
  const {before, after} = instructionOf(settings)
  const isNamed = !templateFile && Object.hasOwn(templates, template)
  return {
    template: isNamed ? template : digest(before + placeholder + after),
    chatTemplate: digest(chatTemplateOf(tokenizer, settings)?.source),
  }
}

/** A text as the beginning of its hash; `none` where there is none. */
function digest(text: string | undefined): string {
  return text === undefined ? 'none' : `sha256:${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}

function roomOf({before, after}: TemplateIds, maxTokens: number): number {
  const taken = before.length + after.length
  if (taken < maxTokens) return maxTokens - taken
  throw new UsageError(
    `the template alone takes ${taken} tokens; prompts may have ${maxTokens} (prompt.maxTokens, or less where ` +
      "rollout.maxTokens takes the rest of the model's positions)",
  )
}

interface TemplateIds {
  readonly text: PromptParts
  /** The start token, where the model uses one, then what stands before the context. */
  readonly before: Int32Array
  readonly after: Int32Array
}

const rendered = new WeakMap<Tokenizer, Map<string, TemplateIds>>()

function templateIds(tokenizer: Tokenizer, settings: PromptSettings | string): TemplateIds {
  const known = rendered.get(tokenizer) ?? new Map<string, TemplateIds>()
  rendered.set(tokenizer, known)
  const key = JSON.stringify(settings)
  const ids = known.get(key) ?? encodeAround(tokenizer, typeof settings === 'string' ? plain(settings) : settings)
  known.set(key, ids)
  return ids
}

function plain(template: string): PromptSettings {
  return {template, chatTemplate: 'none'}
}

/** A chat template writes the start token itself, or means that there is none. */
function encodeAround(tokenizer: Tokenizer, settings: PromptSettings): TemplateIds {
  const instruction = instructionOf(settings)
  const chat = chatTemplateOf(tokenizer, settings)
  const text = chat ? renderChat(chat, instruction) : instruction
  const start = chat || tokenizer.startId === null ? [] : [tokenizer.startId]
  return {
    text,
    before: joinIds(start, tokenizer.encodePrompt(text.before, true)),
    after: tokenizer.encodePrompt(text.after, false),
  }
}

function chatTemplateOf(tokenizer: Tokenizer, settings: PromptSettings): ChatTemplate | null {
  const {template, templateFile, chatTemplate, chatTemplateFile} = settings
  const isBare = template === 'bare' && !templateFile
  if (chatTemplateFile && (isBare || chatTemplate === 'none'))
    throw new UsageError(
      `prompt.chatTemplateFile is set, but prompt.${isBare ? 'template is bare' : 'chatTemplate is none'}: no chat template is used`,
    )
  if (isBare || chatTemplate === 'none') return null
  return chatTemplateFile ? chatTemplateFrom(chatTemplateFile, tokenizer.tokenTexts) : tokenizer.chatTemplate
}

/** The instruction before and after the context. */
function instructionOf({template, templateFile}: PromptSettings): PromptParts {
  if (templateFile) {
    const parts = partsOf(readTemplate(templateFile))
    if (parts) return parts
    throw new UsageError(`prompt.templateFile ${templateFile} does not hold ${placeholder} exactly once`)
  }
  const parts = partsOf(Object.hasOwn(templates, template) ? templates[template] : template)
  if (parts) return parts
  const names = Object.keys(templates)
  const guess = nearest(template, names)
  throw new UsageError(
    `prompt.template is ${JSON.stringify(template)}; expected one of ${names.join(', ')}, or text with ${placeholder} once`,
    {suggestions: guess ? [`did you mean ${guess}?`] : []},
  )
}

/** The text of a file, line ends as line feeds; the one that ends its last line is not part of the template. */
function readTemplate(file: string): string {
  try {
    return withLineFeeds(readPlainText(file)).replace(/\n$/, '')
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    throw new UsageError(`reading prompt.templateFile ${file}: ${(cause as Error).message}`, {cause})
  }
}

function partsOf(text: string): PromptParts | null {
  if (hasHalfPair(text)) throw new UsageError('prompt.template has half a surrogate pair, which no UTF-8 can hold')
  const [before, after, ...more] = text.split(placeholder)
  return after === undefined || more.length > 0 ? null : {before, after}
}
