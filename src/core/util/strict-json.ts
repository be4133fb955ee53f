import {DataError} from './errors.js'
import {endOfString, jsonFault} from './json-text.js'
import {textOfFile} from './text-bytes.js'

/** What `parseStrictJson` may let pass, and what its errors suggest. */
export interface StrictJsonOptions {
  /** Whether an object may have the key `__proto__`: a vocabulary may hold any token. */
  readonly mayNameProto?: boolean
  readonly suggestions?: readonly string[]
}

const maxDepth = 100
const codes = {quote: 0x22, colon: 0x3a, openBrace: 0x7b, closeBrace: 0x7d}
const bracketToBrace = 0x20

/**
 * The value of a JSON text from a stranger.
 *
 * JSON.parse keeps the last of two equal keys where other readers may keep the first, and takes any depth and any name.
 *
 * @param source text, or its bytes in UTF-8, which may begin with a byte order mark
 * @param where begins every message, e.g. the path
 * @throws {DataError} when it is not JSON or not UTF-8, an object has a key twice, one is named `__proto__`, or values nest
 *   more than 100 deep
 */
export function parseStrictJson(
  source: string | Uint8Array,
  where: string,
  {mayNameProto = false, suggestions = []}: StrictJsonOptions = {},
): unknown {
  const refuse = (what: string, cause?: unknown) => new DataError(`${where} ${what}`, {suggestions, cause})
  const text = typeof source === 'string' ? source : textOfFile(source, where)
  try {
    const problem = findProblem(text, mayNameProto)
    if (problem?.isFatal) throw refuse(problem.what)
    const value: unknown = JSON.parse(text)
    if (problem) throw refuse(problem.what)
    return value
  } catch (error) {
    if (error instanceof DataError) throw error
    throw refuse(`is not JSON (${jsonFault(text, error as Error)})`, error)
  }
}

interface Problem {
  readonly what: string
  /** Whether the text must not even be parsed. */
  readonly isFatal: boolean
}

/** The first problem of a text; what it says of text that is not JSON means nothing. */
function findProblem(text: string, mayNameProto: boolean): Problem | null {
  const open: Set<string>[] = []
  let found: Problem | null = null
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const brace = code | bracketToBrace
    if (brace === codes.openBrace) {
      if (open.length === maxDepth) return {what: `is nested more than ${maxDepth} deep`, isFatal: true}
      open.push(new Set())
    } else if (brace === codes.closeBrace) open.pop()
    else if (code === codes.quote) {
      const end = endOfString(text, at)
      if (found === null && isKey(text, end)) found = judgeKey(text.slice(at, end), open.at(-1), mayNameProto)
      at = end - 1
    }
  }
  return found
}

function isKey(text: string, end: number): boolean {
  let at = end
  while (' \t\r\n'.includes(text.charAt(at)) && at < text.length) at++
  return text.charCodeAt(at) === codes.colon
}

function judgeKey(literal: string, names: Set<string> | undefined, mayNameProto: boolean): Problem | null {
  const name: string = literal.includes('\\') ? JSON.parse(literal) : literal.slice(1, -1)
  if (name === '__proto__' && !mayNameProto) return {what: 'has a key named __proto__', isFatal: false}
  if (names?.has(name)) return {what: `has the key ${JSON.stringify(name.slice(0, 120))} twice`, isFatal: false}
  names?.add(name)
  return null
}
