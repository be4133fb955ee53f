import type {z} from 'zod'
import {describe, type Setting} from './settings.js'

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
      return `needs ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unit(issue.origin, issue.maximum)}`
    case 'invalid_value':
      return `needs one of ${issue.values.join(', ')}`
    default:
      return 'needs a value of another kind'
  }
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

/** `config: grpo.groupSize is 1 (set by --set); needs at least 2, because ...`. */
export function issueLine(issue: Issue, given: ReadonlyMap<string, Setting>): string {
  const path = issue.path.map(String)
  const depth = path.findIndex((_, index) => given.has(path.slice(0, index + 1).join('.'))) + 1
  const setting = given.get(path.slice(0, depth).join('.'))
  const value = path
    .slice(depth)
    .reduce<unknown>((node, name) => (node as Record<string, unknown>)?.[name], setting?.value)
  return `config: ${path.join('.')} is ${describe(value)} (set by ${setting?.source ?? 'default'}); ${issue.message}`
}
