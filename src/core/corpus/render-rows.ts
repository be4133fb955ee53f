import {type ChatTemplate, renderChats} from '../tokenizer/chat-template.js'
import type {Rendering} from '../tokenizer/render-jinja.js'
import {DataError} from '../util/errors.js'
import type {Conversation} from './readers/messages.js'
import type {RawRow} from './readers/reader.js'
import {orFault, RowFault} from './readers/row-fault.js'
import type {RowNames} from './readers/row-names.js'
import {checkSurrogates} from './readers/text-of.js'

/** The text of a row, ready to be tokenized. */
export interface RowText {
  readonly text: string
  /** Whether a chat template wrote it: special tokens written in it are then tokens. */
  readonly isChat?: true
}

/** A row whose messages, where it has any, have become a text. */
export interface ReadyRow {
  readonly row: number
  readonly content: RowText | RowFault
}

/** Rows that are held back so that conversations share a process, and characters of their messages, at the most. */
const [maxHeldRows, maxHeldCharacters] = [128, 2 ** 20]

/**
 * Puts the messages of rows through a chat template; rows of text pass as they are, and the order stays.
 *
 * @param names of rows, for errors
 * @throws {DataError} at the first row of messages where there is no template
 */
export async function* renderRows(
  rows: AsyncIterable<RawRow>,
  names: RowNames,
  template: ChatTemplate | null,
): AsyncGenerator<ReadyRow> {
  let held: RawRow[] = []
  let characters = 0
  for await (const row of rows) {
    if (isUnrendered(row.content)) {
      if (!template) throw missingTemplate(names(row.row))
      characters += JSON.stringify(row.content).length
    } else if (held.length === 0) {
      yield {row: row.row, content: ready(row.content)}
      continue
    }
    held.push(row)
    if (held.length < maxHeldRows && characters < maxHeldCharacters) continue
    yield* render(held, names, template!)
    held = []
    characters = 0
  }
  if (held.length > 0) yield* render(held, names, template!)
}

/** The error of messages without a chat template. */
export function missingTemplate(where: string): DataError {
  return new DataError(`${where} holds messages, but the tokenizer has no chat template to render them`, {
    suggestions: ['give a tokenizer that has one', 'set prompt.chatTemplateFile to a Jinja file'],
  })
}

function* render(rows: readonly RawRow[], names: RowNames, template: ChatTemplate): Generator<ReadyRow> {
  const conversations = rows.map(({content}) => content).filter(isUnrendered)
  const renderings = renderChats(
    template,
    conversations.map(({messages}) => ({messages, isPrompt: false})),
  )
  for (const {row, content} of rows) {
    if (!isUnrendered(content)) yield {row, content: ready(content)}
    else {
      const rendering = renderings.next().value!
      yield {row, content: orFault(() => ({text: renderedText(rendering, names(row), template), isChat: true}))}
    }
  }
}

/**
 * The text of a rendering.
 *
 * @param where begins every message
 * @throws {RowFault} when there is none, it is empty, or it has half a surrogate pair
 */
export function renderedText(rendering: Rendering, where: string, {file}: ChatTemplate): string {
  if (rendering.kind === 'failed')
    throw new RowFault('template', `${where}: the chat template ${file} does not take its messages: ${rendering.why}`)
  checkSurrogates(rendering.text, `${where}: what the chat template makes of its messages`)
  if (rendering.text !== '') return rendering.text
  throw new RowFault('empty', `${where}: the chat template ${file} makes an empty text of its messages`)
}

function isUnrendered(content: RawRow['content']): content is Conversation {
  return typeof content === 'object' && 'messages' in content
}

function ready(content: string | RowFault): RowText | RowFault {
  return content instanceof RowFault ? content : {text: content}
}
