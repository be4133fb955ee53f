import {isObject} from '../../util/is-object.js'
import {RowFault} from './row-fault.js'

/** One message of a conversation; what else it has (a name, tool calls) is for the chat template. */
export interface Message {
  readonly role: string
  /** Null where a message has other things than text, e.g. tool calls. */
  readonly content: string | null
  readonly [field: string]: unknown
}

/** Messages in place of a text. */
export interface Conversation {
  readonly messages: readonly Message[]
}

/** Whether a value is meant as a list of messages: its first entry has a role, or is a message in ShareGPT's words. */
export function isConversation(value: unknown): value is readonly unknown[] {
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  return (
    isObject(first) && (Object.hasOwn(first, 'role') || (Object.hasOwn(first, 'from') && Object.hasOwn(first, 'value')))
  )
}

/**
 * The messages of a list; content that is a list of text parts is joined.
 *
 * @param where begins every message, e.g. file, row and field
 * @throws {RowFault} at an entry without role or text
 */
export function messagesOf(list: readonly unknown[], where: string): Message[] {
  return list.map((entry, index) => {
    const here = `${where}: message ${index + 1}`
    if (!isObject(entry) || typeof entry.role !== 'string' || entry.role === '')
      throw new RowFault('not-text', `${here} has no role; expected {"role": "...", "content": "..."}`)
    const content = contentOfMessage(entry.content, here)
    if (content === null && !callsTools(entry))
      throw new RowFault('not-text', `${here} (${entry.role}) has no content; expected a text`)
    return {...entry, role: entry.role, content}
  })
}

/** Exports may have an empty list where no tool is called. */
function callsTools({tool_calls: calls}: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(calls) ? calls.length > 0 : Boolean(calls)
}

function contentOfMessage(content: unknown, where: string): string | null {
  if (typeof content === 'string') return content
  if (content === null || content === undefined) return null
  if (!Array.isArray(content))
    throw new RowFault('not-text', `${where}: content is a ${typeof content}; expected a text, or a list of text parts`)
  return content.map((part, index) => textOfPart(part, `${where}: part ${index + 1}`)).join('')
}

function textOfPart(part: unknown, where: string): string {
  if (typeof part === 'string') return part
  const {type, text} = isObject(part) ? part : {}
  if (type === 'text' && typeof text === 'string') return text
  throw new RowFault(
    'not-text',
    `${where} is of type ${JSON.stringify(type) ?? 'none'}; expected {"type": "text", "text": "..."}`,
  )
}
