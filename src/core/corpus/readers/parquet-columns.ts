import type {SchemaTree} from 'hyparquet'
import {DataError} from '../../util/errors.js'
import type {ParquetFile} from './parquet-file.js'
import {suggestFields} from './text-of.js'

/** A column of texts as it is stored: the path of its values and how deep they may be missing or repeated. */
export interface Leaf {
  readonly path: readonly string[]
  /** Level of a value that is there: how many of the nodes above it, and itself, may be missing. */
  readonly definition: number
  /** How many of them are lists. */
  readonly repetition: number
}

/** What is read for a field: a column of texts, or the columns of a list of messages. */
export type FieldColumns = {readonly kind: 'text'; readonly leaf: Leaf} | MessageColumns

/** A list of records of texts, e.g. of role and content. */
export interface MessageColumns {
  readonly kind: 'messages'
  readonly leaves: readonly {readonly name: string; readonly leaf: Leaf}[]
  /** Level from which on an entry of the list is there. */
  readonly entryDefinition: number
}

/**
 * The columns of a field: `a.b` is the column of that name, else the field b of the records in column a.
 *
 * @throws {DataError} when there is none, or it holds something else, with the columns that could be meant
 */
export function columnsOf({path, schema}: ParquetFile, name: string): FieldColumns {
  const nodes = nodesOf(schema, name)
  const node = nodes?.at(-1)
  if (nodes && node && isText(node) && !nodes.some(isList)) return {kind: 'text', leaf: leafOf(nodes)}
  const messages = nodes && messageColumns(nodes, path)
  if (messages) return messages
  const list =
    nodes?.find(isList) ?? schema.children.find((child) => isList(child) && name.startsWith(`${child.path[0]}.`))
  const held = list && list !== node ? `lies in a list (${list.path.join('.')})` : node && `holds ${describe(node)}`
  throw new DataError(`${path}: column ${name} ${held ? `${held}; expected texts` : 'is missing'}`, {
    suggestions: suggestFields(textNames(schema)),
  })
}

/** The nodes that a name leads through, root aside; undefined where it leads nowhere. */
function nodesOf({children}: SchemaTree, name: string): SchemaTree[] | undefined {
  const whole = children.find(({element}) => element.name === name)
  if (whole) return [whole]
  for (const child of children) {
    if (child.children.length === 0 || !name.startsWith(`${child.element.name}.`)) continue
    const rest = nodesOf(child, name.slice(child.element.name.length + 1))
    if (rest) return [child, ...rest]
  }
  return undefined
}

function leafOf(nodes: readonly SchemaTree[]): Leaf {
  const count = (accepts: (type: string | undefined) => boolean) =>
    nodes.filter(({element}) => accepts(element.repetition_type)).length
  return {
    path: nodes.at(-1)!.path,
    definition: count((type) => type !== 'REQUIRED'),
    repetition: count((type) => type === 'REPEATED'),
  }
}

/** The columns of a list of records with a role, or with the names that ShareGPT gives the same. */
function messageColumns(nodes: readonly SchemaTree[], file: string): MessageColumns | null {
  const list = nodes.at(-1)!
  const record = recordOf(list)
  if (!record || nodes.slice(0, -1).some(isList)) return null
  const other = record.children.find((child) => !isText(child))
  if (other)
    throw new DataError(
      `${file}: column ${list.path.join('.')}: field ${other.element.name} of its messages holds ${describe(other)}; only texts are read`,
      {suggestions: ['write it as JSONL, where messages may hold anything that the chat template accepts']},
    )
  return {
    kind: 'messages',
    leaves: record.children.map((child) => ({
      name: child.element.name,
      leaf: leafOf([...nodes, list.children[0], record, child]),
    })),
    entryDefinition: leafOf([...nodes, list.children[0]]).definition,
  }
}

/** The record of a list of messages; undefined where a column is none. */
function recordOf({children: [repeated]}: SchemaTree): SchemaTree | undefined {
  const [record] = repeated?.element.repetition_type === 'REPEATED' ? repeated.children : []
  return record?.children.some(({element: {name}}) => name === 'role' || name === 'from') ? record : undefined
}

/** Dotted names of the columns that hold texts or messages. */
function textNames({children}: SchemaTree, prefix = ''): string[] {
  return children.flatMap((child) => {
    const name = prefix + child.element.name
    if (isText(child) || recordOf(child)) return [name]
    return isList(child) ? [] : textNames(child, `${name}.`)
  })
}

function isText({element, children}: SchemaTree): boolean {
  const isString = element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING'
  return children.length === 0 && element.repetition_type !== 'REPEATED' && element.type === 'BYTE_ARRAY' && isString
}

function isList({element, children}: SchemaTree): boolean {
  return element.repetition_type === 'REPEATED' || children[0]?.element.repetition_type === 'REPEATED'
}

function describe({element, children}: SchemaTree): string {
  if (children.length > 0 || element.repetition_type === 'REPEATED') return 'nested values'
  return `values of type ${element.logical_type?.type ?? element.converted_type ?? element.type}`
}
