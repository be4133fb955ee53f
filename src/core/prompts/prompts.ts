import {createHash} from 'node:crypto'
import type {Config} from '../config/schema.js'
import {guardRead} from '../files/storage-error.js'
import type {ItemKey, Prompt} from '../records/records.js'
import {type ChatTemplate, chatTemplateFrom, type PromptParts, renderChat} from '../tokenizer/chat-template.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {UsageError} from '../util/errors.js'
import {isSameIds, joinIds} from '../util/join-ids.js'
import {readPlainText, withLineFeeds} from '../util/plain-file.js'
import {nearest} from '../util/suggest.js'
import {hasHalfPair} from '../util/text-bytes.js'
import {automatic, builtIn, endTag, placeholder, type Template, templates} from './templates.js'

/** What chooses one of the built-in templates by the tokenizer. */
const auto = 'auto'
/** Where the template of a prompt is set, if nothing else is said. */
const ownKey = 'prompt.template'
const openedThought = /<think>\s*$/

/** What a prompt is about: the context of a position, or a question. */
export interface PromptContext {
  readonly key: ItemKey
  readonly tokenIds: Int32Array
}

/** How prompts are made: see the keys of `prompt`. */
export type PromptSettings = Pick<
  Config['prompt'],
  'template' | 'templateFile' | 'chatTemplate' | 'chatTemplateFile'
> & {
  /** The setting that holds the template, for errors; `prompt.template` when absent. */
  readonly templateKey?: string
}

/**
 * Puts a context into an instruction template and, where there is one, that into the model's chat template, as the one
 * message of a user whose answer has begun.
 *
 * The context keeps its document's own token ids; only the text around it is tokenized. A prompt that would be too long
 * loses context from the left, on a token boundary.
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
  tokenizer: Tokenizer,
  tokenIds: Int32Array,
  room: number,
): {readonly kept: Int32Array; readonly cutTokens: number} {
  const cutTokens = Math.max(0, contextWithout(tokenizer, tokenIds, 0).length - room)
  return {kept: contextWithout(tokenizer, tokenIds, cutTokens), cutTokens}
}

/** What is left of a context that lost so many tokens from the left, the start token aside, which is never counted. */
export function contextWithout({startId}: Tokenizer, tokenIds: Int32Array, cutTokens: number): Int32Array {
  return tokenIds.subarray(Number(tokenIds[0] === startId) + cutTokens)
}

/** What of a prompt is its context; null where the prompt is not in this template. */
export function contextWithin(tokenizer: Tokenizer, settings: PromptSettings, ids: Int32Array): Int32Array | null {
  const {before, after} = templateIds(tokenizer, settings)
  const context = ids.subarray(before.length, Math.max(before.length, ids.length - after.length))
  return isSameIds(joinIds(before, context, after), ids) ? context : null
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
 * @param remedies what to try where there is no room
 * @throws {UsageError} when the instruction template is unknown, or leaves no room for context within `maxTokens`
 * @throws {DataError} when the chat template cannot be used
 */
export function checkTemplate(
  tokenizer: Tokenizer,
  settings: PromptSettings | string,
  maxTokens: number,
  remedies: readonly string[] = [],
): void {
  roomOf(templateIds(tokenizer, settings), maxTokens, remedies)
}

/**
 * Whether prompts end within a thought, as those of `bare` and of R1's chat template do: completions then begin with the
 * thought itself, and only its end is marked.
 */
export function opensThought(tokenizer: Tokenizer, settings: PromptSettings | string): boolean {
  return openedThought.test(templateIds(tokenizer, settings).text.after)
}

/** Whether a model was trained to mark the end of its thoughts, as far as its vocabulary and chat template tell. */
export function knowsThinking(tokenizer: Tokenizer): boolean {
  return tokenizer.encodeMarkup(endTag).length === 1 || (tokenizer.chatTemplate?.source.includes(endTag) ?? false)
}

/**
 * Whether a model has it from anywhere, its training or the prompt, that a thought ends with `</think>`; else no completion
 * of a plain model can be parsed.
 */
export function mentionsEnd(tokenizer: Tokenizer, settings: PromptSettings): boolean {
  const {before, after} = promptParts(tokenizer, settings)
  return knowsThinking(tokenizer) || (before + after).includes(endTag)
}

/** Tokens of a prompt besides those of its context. */
export function instructionTokens(tokenizer: Tokenizer, settings: PromptSettings): number {
  const {before, after} = templateIds(tokenizer, settings)
  return before.length + after.length
}

/** The text before and after the context of a prompt. */
export function promptParts(tokenizer: Tokenizer, settings: PromptSettings): PromptParts {
  return templateIds(tokenizer, settings).text
}

/** How prompts are made, in short words that are equal where the prompts are. */
export function describePrompt(tokenizer: Tokenizer, settings: PromptSettings) {
  const name = chosenTemplate(tokenizer, settings)
  const {before, after} = wordingOf(tokenizer, settings)
  const isNamed = !settings.templateFile && builtIn(name) !== undefined
  return {
    template: isNamed ? name : digest(before + placeholder + after),
    chatTemplate: digest(chatTemplateOf(tokenizer, settings)?.source),
  }
}

/** A text as the beginning of its hash; `none` where there is none. */
function digest(text: string | undefined): string {
  return text === undefined ? 'none' : `sha256:${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}

function roomOf({before, after}: TemplateIds, maxTokens: number, suggestions: readonly string[] = []): number {
  const taken = before.length + after.length
  if (taken < maxTokens) return maxTokens - taken
  throw new UsageError(
    `the template alone takes ${taken} tokens; prompts may have ${maxTokens} (prompt.maxTokens, or less if ` +
      "rollout.maxTokens takes the rest of the model's positions)",
    {suggestions},
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
  const {opening = '', ...instruction} = wordingOf(tokenizer, settings)
  const chat = chatTemplateOf(tokenizer, settings)
  const {before, after} = chat ? renderChat(chat, instruction) : instruction
  // A chat template may have opened the thought itself.
  const text = {before, after: openedThought.test(after) ? after : after + opening}
  const start = chat || tokenizer.startId === null ? [] : [tokenizer.startId]
  return {
    text,
    before: joinIds(start, tokenizer.encodePrompt(text.before, true)),
    after: tokenizer.encodePrompt(text.after, false),
  }
}

function chatTemplateOf(tokenizer: Tokenizer, settings: PromptSettings): ChatTemplate | null {
  const {templateFile, chatTemplate, chatTemplateFile, templateKey = ownKey} = settings
  const name = chosenTemplate(tokenizer, settings)
  const isPlain = !templateFile && builtIn(name)?.isPlain === true
  if (chatTemplateFile && (isPlain || chatTemplate === 'none'))
    throw new UsageError(
      `prompt.chatTemplateFile is set, but ${isPlain ? `${templateKey} is ${name}` : 'prompt.chatTemplate is none'}: no chat template is used`,
    )
  if (isPlain || chatTemplate === 'none') return null
  return chatTemplateFile ? chatTemplateFrom(chatTemplateFile, tokenizer.tokenTexts) : tokenizer.chatTemplate
}

/** Whether the settings leave the choice of a built-in template to the tokenizer. */
export function isAutomatic({template, templateFile}: PromptSettings): boolean {
  return template === auto && !templateFile
}

/** The template that the settings give: its text where a file holds it, else its name or text. */
export function givenTemplate({template, templateFile}: PromptSettings): string {
  return templateFile ? readTemplate(templateFile) : template
}

/** The template that the settings name, or that `auto` stands for with this tokenizer. */
function chosenTemplate(tokenizer: Tokenizer, settings: PromptSettings): string {
  return isAutomatic(settings) ? automatic[knowsThinking(tokenizer) ? 'thinking' : 'plain'] : settings.template
}

/** The instruction before and after the context, and what the model's turn begins with. */
function wordingOf(tokenizer: Tokenizer, settings: PromptSettings): PromptParts & Pick<Template, 'opening'> {
  const {templateFile, templateKey = ownKey} = settings
  if (templateFile) {
    const parts = partsOf(readTemplate(templateFile), 'prompt.templateFile')
    if (parts) return parts
    throw new UsageError(`prompt.templateFile ${templateFile} does not hold ${placeholder} exactly once`)
  }
  const template = chosenTemplate(tokenizer, settings)
  const known = builtIn(template)
  const parts = partsOf(known?.instruction ?? template, templateKey)
  if (parts) return {...parts, opening: known?.opening}
  const names = [auto, ...Object.keys(templates)]
  const guess = nearest(template, names)
  throw new UsageError(
    `${templateKey} is ${JSON.stringify(template)}; expected one of ${names.join(', ')}, or text with ${placeholder} once`,
    {suggestions: guess ? [`did you mean ${guess}?`] : []},
  )
}

/** The text of a file, line ends as line feeds; the one that ends its last line is not part of the template. */
function readTemplate(file: string): string {
  const text = guardRead('reading prompt.templateFile', file, () => readPlainText(file))
  return withLineFeeds(text).replace(/\n$/, '')
}

function partsOf(text: string, key: string): PromptParts | null {
  if (hasHalfPair(text)) throw new UsageError(`${key} has half a surrogate pair, which no UTF-8 can hold`)
  const [before, after, ...more] = text.split(placeholder)
  return after === undefined || more.length > 0 ? null : {before, after}
}
