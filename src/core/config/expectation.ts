import type {z} from 'zod'
import {meantChoice} from '../util/suggest.js'

type Issue = z.core.$ZodIssue
type RawIssue = z.core.$ZodRawIssue

/** "needs ..." for what the schema itself says nothing about. */
export function expectation(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `needs ${article(String(issue.expected))}`
    case 'too_small':
      return `needs ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unit(issue.origin, issue.minimum)}`
    case 'too_big':
      return `needs ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unit(issue.origin, issue.maximum)}${percentHint(issue)}`
    case 'invalid_value':
      return `needs one of ${issue.values.join(', ')}${guess([issue.input], issue.values.map(String))}`
    case 'unrecognized_keys':
      return unknownKeys(issue.keys, Object.keys((issue.inst as z.core.$ZodObject)._zod.def.shape))
    default:
      return 'needs a value of another kind'
  }
}

/** What to write for a percentage, where a share of at most 1 is asked for. */
function percentHint({origin, maximum, input}: z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>): string {
  const isPercentage = origin === 'number' && maximum === 1 && typeof input === 'number' && input >= 2 && input <= 100
  return isPercentage ? ` (${input}% is ${input / 100})` : ''
}

/** `name needs text; has the unknown key wieght; ...`: what is wrong within a mapping. */
export function problemsWithin(issues: readonly Issue[]): string {
  return issues.map(({path, message}) => [...path, message].join(' ')).join('; ')
}

/** The words for keys of a mapping in a list, which is no section whose keys the loader knows. */
function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const named = `has the unknown key${keys.length > 1 ? 's' : ''} ${keys.join(', ')}`
  return `${named}${guess(keys, known) || `; needs one of ${known.join(', ')}`}`
}

/** The question at the end of a message; empty when no word is near one that is known. */
export function guess(words: readonly unknown[], known: readonly string[]): string {
  const near = words.flatMap((word) => (typeof word === 'string' ? (meantChoice(word, known) ?? []) : []))
  return near.length > 0 ? `; did you mean ${near.join(', ')}?` : ''
}

function unit(origin: string, count: number | bigint): string {
  const [one, many] = {string: [' character', ' characters'], array: [' entry', ' entries']}[origin] ?? ['', '']
  return count === 1 ? one : many
}

function article(type: string): string {
  const names: Record<string, string> = {int: 'whole number', array: 'list', record: 'mapping', string: 'text'}
  const name = names[type] ?? type
  if (name === 'text') return name
  return type === 'boolean' ? 'true or false' : `a ${name}`
}
