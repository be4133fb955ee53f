import type {z} from 'zod'
import {describe, type Setting} from './settings.js'

/** `config: grpo.groupSize is 1 (set by --set); needs at least 2, because ...`. */
export function issueLine(issue: z.core.$ZodIssue, given: ReadonlyMap<string, Setting>): string {
  const path = issue.path.map(String)
  const depth = path.findIndex((_, index) => given.has(path.slice(0, index + 1).join('.'))) + 1
  const setting = given.get(path.slice(0, depth).join('.'))
  const value = path
    .slice(depth)
    .reduce<unknown>((node, name) => (node as Record<string, unknown>)?.[name], setting?.value)
  return `config: ${path.join('.')} is ${describe(value)} (set by ${setting?.source ?? 'default'}); ${issue.message}`
}
