import {isObject} from '../../util/is-object.js'
import {hasHalfPair} from '../../util/text-bytes.js'
import {type Conversation, isConversation, messagesOf} from './messages.js'
import {RowFault} from './row-fault.js'

/** Which fields of a row make the document, and what stands between them. */
export interface TextRule {
  /** In the order in which they are joined; `a.b` is the field b of the object in field a. */
  readonly textField: string | readonly string[]
  /** An empty line unless given. */
  readonly separator?: string
}

/** What a row holds: a text, or messages that a chat template makes one of. */
export type RowContent = string | Conversation

/** A row as a reader of any kind of file finds it. */
export type Fields = Readonly<Record<string, unknown>>

/** What stands between the fields of a document unless another separator is given. */
const defaultSeparator = '\n\n'

/** The fields of a rule, in order. */
export function fieldsOf({textField}: TextRule): readonly string[] {
  return [textField].flat()
}

/**
 * The document of a row: its fields in the order of the rule, joined by the separator; one field may hold messages instead.
 *
 * @param where the file and row, for the message
 * @throws {RowFault} when a field is missing, empty, no text, or holds half a surrogate pair
 */
export function contentOf(row: Fields, where: string, rule: TextRule): RowContent {
  const fields = fieldsOf(rule)
  if (fields.length === 1) {
    const {value} = lookUp(row, fields[0])
    if (isConversation(value)) return {messages: messagesOf(value, `${where}: field ${fields[0]}`)}
  }
  return fields.map((field) => fieldText(row, field, where)).join(rule.separator ?? defaultSeparator)
}

/** What a name finds: its value, or how far it led and what stood there. */
interface Found {
  readonly value: unknown
  /** The part of the name that holds no object, where the name leads on; null where it was followed to its end. */
  readonly stoppedAt: string | null
}

/** A field by its own name, dots and all, else by the names of the objects that hold it. */
function lookUp(row: Fields, name: string): Found {
  if (Object.hasOwn(row, name)) return {value: row[name], stoppedAt: null}
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const head = name.slice(0, dot)
    if (!Object.hasOwn(row, head)) continue
    const inner = row[head]
    if (!isObject(inner)) return {value: inner, stoppedAt: head}
    const found = lookUp(inner, name.slice(dot + 1))
    return found.stoppedAt === null ? found : {...found, stoppedAt: `${head}.${found.stoppedAt}`}
  }
  return {value: undefined, stoppedAt: null}
}

function fieldText(row: Fields, field: string, where: string): string {
  const {value, stoppedAt} = lookUp(row, field)
  if (stoppedAt !== null)
    throw new RowFault(
      value === null ? 'null' : 'not-text',
      `${where}: field ${field}: ${stoppedAt} is ${describe(value)}; expected an object`,
    )
  if (typeof value === 'string' && value !== '') {
    checkSurrogates(value, `${where}: field ${field}`)
    return value
  }
  const [reason, suggestions] = value === undefined ? (['missing', suggestFields(textsIn(row))] as const) : []
  throw new RowFault(reason ?? reasonOf(value), `${where}: field ${field} is ${describe(value)}; expected a text`, {
    suggestions,
  })
}

/** @throws {RowFault} at half a surrogate pair */
export function checkSurrogates(text: string, where: string): void {
  if (hasHalfPair(text))
    throw new RowFault('half-surrogate', `${where} has half a surrogate pair, which no UTF-8 can hold`)
}

function reasonOf(value: unknown): 'empty' | 'null' | 'not-text' {
  if (value === '' || (Array.isArray(value) && value.length === 0)) return 'empty'
  return value === null ? 'null' : 'not-text'
}

const maxSuggestedDepth = 3

/** Names of the fields of a row that hold a text or messages, those of objects within included. */
function textsIn(row: Fields, prefix = '', depth = 1): string[] {
  return Object.entries(row).flatMap(([name, value]) => {
    if ((typeof value === 'string' && value !== '') || isConversation(value)) return [prefix + name]
    return isObject(value) && depth < maxSuggestedDepth ? textsIn(value, `${prefix}${name}.`, depth + 1) : []
  })
}

const maxSuggestedFields = 20

/** What to set `data.textField` to, where there is anything. */
export function suggestFields(fields: readonly string[]): string[] {
  if (fields.length === 0) return []
  const rest = fields.length - maxSuggestedFields
  const names = fields.slice(0, maxSuggestedFields).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
  return [`set data.textField to one of ${names}`]
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === '') return 'empty'
  if (value === null) return 'null'
  if (isConversation(value)) return 'a list of messages, which must be the only field'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
