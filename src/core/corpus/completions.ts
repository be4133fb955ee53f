import {z} from 'zod'
import type {TrainingRow} from '../records/records.js'
import {type ChatTemplate, renderChats} from '../tokenizer/chat-template.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import {joinIds} from '../util/join-ids.js'
import {readLines} from './read-lines.js'
import {isConversation, type Message, messagesOf} from './readers/messages.js'
import {parseObject} from './readers/read-jsonl.js'
import {endingOfOthers} from './readers/readers.js'
import {RowFault} from './readers/row-fault.js'
import {checkSurrogates} from './readers/text-of.js'
import {missingTemplate, renderedText} from './render-rows.js'

/** What a row may be. */
const expected =
  '{"prompt": "...", "completion": "..."}, the same with lists of messages, or {"messages": [...]} whose last is the assistant\'s'
const plainRow = z.looseObject({prompt: z.string(), completion: z.string().min(1)})

/** A row of texts, or of messages that a template makes texts of: those of the prompt, then those of the completion. */
type Row =
  | {readonly kind: 'plain'; readonly prompt: string; readonly completion: string}
  | {
      readonly kind: 'chat'
      readonly prompt: readonly Message[]
      readonly completion: readonly Message[]
      readonly tools?: readonly unknown[]
    }

/** What completions are tokenized with, and how long they may be. */
export interface CompletionSettings {
  readonly tokenizer: Tokenizer
  /** What messages are put into; null where there is none. */
  readonly chatTemplate: ChatTemplate | null
  /** Tokens of a row at the most. */
  readonly maxTokens: number
}

/** Rows of messages that share a process for their template. */
const rowsPerRendering = 64

/**
 * Reads JSONL rows of prompt and completion and tokenizes them: start token, prompt, completion, end token; the
 * completion and its end are trained. Special tokens written in the texts are recognised.
 *
 * Messages are rendered as the model will see them: those of the prompt up to the beginning of the assistant's turn, the
 * completion as what the template writes from there on. Of `messages` the last one is the completion. The template writes
 * the start token itself; the end token is added only where the template ends the turn with none.
 *
 * @throws {DataError} when the file is no JSONL by its name; with the line number at a row that is malformed or longer than
 *   `maxTokens`, or at messages where there is no template, or one that writes the prompt otherwise when an answer follows
 */
export async function readCompletions(file: string, settings: CompletionSettings): Promise<TrainingRow[]> {
  const rows: TrainingRow[] = []
  let held: {row: Row; where: string}[] = []
  const flush = () => {
    for (const row of tokenizeRows(held, settings)) rows.push(row)
    held = []
  }
  refuseOthers(file)
  for await (const {row, text} of readLines(file)) {
    if (text instanceof RowFault) throw text
    const where = `${file}:${row}`
    held.push({row: parseRow(text, where), where})
    if (held.length === rowsPerRendering) flush()
  }
  flush()
  if (rows.length === 0) throw new DataError(`${file} has no rows; expected JSONL with ${expected}`)
  return rows
}

/** Refuses a table or a text by its name: its bytes would read as a broken row. */
function refuseOthers(file: string): void {
  const ending = endingOfOthers(file)
  if (ending === undefined) return
  throw new DataError(`reading rows of completions: ${file} is a ${ending} file; expected JSONL, also .gz or .zst`, {
    suggestions: [`write each row as a line of JSON: ${expected}`, 'if that is what it holds, call it .jsonl'],
  })
}

function* tokenizeRows(
  rows: readonly {readonly row: Row; readonly where: string}[],
  {tokenizer, chatTemplate, maxTokens}: CompletionSettings,
): Generator<TrainingRow> {
  const chats = rows.flatMap(({row, where}) => {
    if (row.kind === 'plain') return []
    if (!chatTemplate) throw missingTemplate(where)
    const {prompt, completion, tools} = row
    return [
      {messages: prompt, isPrompt: true, tools},
      {messages: [...prompt, ...completion], isPrompt: false, tools},
    ]
  })
  const renderings = chats.length > 0 ? renderChats(chatTemplate!, chats) : null
  for (const {row, where} of rows) {
    const next = () => renderedText(renderings!.next().value!, where, chatTemplate!)
    const {promptIds, completionIds} =
      row.kind === 'plain' ? encodeRow(row, tokenizer) : encodeChat(next(), next(), tokenizer, where)
    const ids = joinIds(promptIds, completionIds)
    if (ids.length > maxTokens)
      throw new DataError(
        `${where} has ${ids.length} tokens; train.maxRowTokens and the model's positions allow ${maxTokens}`,
        {
          suggestions: [
            "raise train.maxRowTokens, at most to the model's positions + 1",
            'shorten the row, or leave it out',
          ],
        },
      )
    yield {ids, trainedFrom: Math.max(1, promptIds.length)}
  }
}

/** A row in tokens. */
export interface EncodedRow {
  /** Start token, where the model uses one, and prompt. */
  readonly promptIds: Int32Array
  /** Completion and end token: what is trained. */
  readonly completionIds: Int32Array
}

/** A row of two texts in tokens; special tokens written in them are recognised. */
export function encodeRow(
  {prompt, completion}: {readonly prompt: string; readonly completion: string},
  tokenizer: Tokenizer,
): EncodedRow {
  const start = tokenizer.startId === null ? [] : [tokenizer.startId]
  return {
    promptIds: joinIds(start, tokenizer.encodeMarkup(prompt)),
    completionIds: joinIds(tokenizer.encodeMarkup(completion), tokenizer.endIds.slice(0, 1)),
  }
}

/** The text of a prompt's tokens, as the prompt of a row: `encodeRow` adds the start token itself. */
export function promptText(ids: Int32Array, tokenizer: Tokenizer): string {
  return tokenizer.decode(ids[0] === tokenizer.startId ? ids.subarray(1) : ids)
}

/** @param whole the rendering of prompt and completion together, which must begin with that of the prompt */
function encodeChat(prompt: string, whole: string, tokenizer: Tokenizer, where: string): EncodedRow {
  if (!whole.startsWith(prompt)) {
    const seen = [...whole]
    const at = [...prompt].findIndex((character, i) => character !== seen[i])
    throw new DataError(
      `${where}: the chat template writes the prompt differently when the answer follows, from character ${at + 1} on`,
      {
        suggestions: [
          'give rows of {"prompt": "...", "completion": "..."} with the exact texts for the model',
          'set prompt.chatTemplateFile to a template that keeps the prompt',
        ],
      },
    )
  }
  const completion = whole.slice(prompt.length)
  if (completion.trim() === '')
    throw new DataError(`${where}: the chat template makes an empty completion of the assistant's message`)
  const ids = tokenizer.encodeMarkup(completion)
  const lastId = tokenizer.encodeMarkup(completion.trimEnd()).at(-1)
  const isEnded = lastId !== undefined && tokenizer.endIds.includes(lastId)
  return {
    promptIds: tokenizer.encodePrompt(prompt, true),
    completionIds: joinIds(ids, isEnded ? [] : tokenizer.endIds.slice(0, 1)),
  }
}

function parseRow(text: string, where: string): Row {
  const value = parseObject(text, where, expected)
  const {messages, prompt, completion, tools} = value
  if (tools !== undefined && tools !== null && !Array.isArray(tools))
    throw new DataError(`${where}: tools is a ${typeof tools}; expected a list of JSON schemas`)
  const given = tools ? {tools} : {}
  if (isConversation(messages)) {
    const all = messagesOf(messages, `${where}: messages`)
    return {kind: 'chat', prompt: all.slice(0, -1), completion: checkAnswer(all.slice(-1), where), ...given}
  }
  if (isConversation(prompt) && isConversation(completion)) {
    const answer = messagesOf(completion, `${where}: completion`)
    return {
      kind: 'chat',
      prompt: messagesOf(prompt, `${where}: prompt`),
      completion: checkAnswer(answer, where),
      ...given,
    }
  }
  return {kind: 'plain', ...parsePlain(value, where)}
}

function checkAnswer(completion: readonly Message[], where: string): readonly Message[] {
  const {role} = completion.at(-1)!
  if (role === 'assistant') return completion
  throw new DataError(`${where}: the last message has role ${JSON.stringify(role)}; expected the assistant's`)
}

function parsePlain(value: Readonly<Record<string, unknown>>, where: string): z.infer<typeof plainRow> {
  const parsed = plainRow.safeParse(value)
  if (parsed.success) {
    for (const name of ['prompt', 'completion'] as const) checkSurrogates(parsed.data[name], `${where}: ${name}`)
    return parsed.data
  }
  const [name] = parsed.error.issues[0].path
  const field = value[String(name)]
  const seen = JSON.stringify(field)?.slice(0, 80) ?? 'missing'
  const isDocument = value.prompt === undefined && value.completion === undefined && typeof value.text === 'string'
  throw new DataError(`${where}: ${String(name)} is ${seen}; expected ${expected}`, {
    suggestions: isDocument
      ? ['plain texts are documents: prepare them with rpt prepare-data, and set sft.documentShare']
      : [],
  })
}
