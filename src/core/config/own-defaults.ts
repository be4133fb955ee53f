import {isDeepStrictEqual} from 'node:util'
import {findKey} from './keys.js'
import {lossDefaults} from './loss-defaults.js'
import type {ObjectiveName} from './names.js'
import {objectiveDefaults} from './objective-defaults.js'
import {precisionDefaults} from './precision-defaults.js'
import {rewardDefaults} from './reward-defaults.js'
import type {Setting} from './settings.js'
import {objectiveTasks, taskDefaults} from './task-defaults.js'

type Given = ReadonlyMap<string, Setting>

/** Values of settings that have defaults of their own for others. */
interface OwnDefaults {
  /** By value, the defaults by dotted key. */
  readonly rows: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>
  /** The values, as far as they are given; the schema has not seen them yet. */
  readonly valuesOf: (given: Given, command: string) => readonly unknown[]
}

/** All of them; those of the first count first. */
export const ownDefaults: readonly OwnDefaults[] = [
  {rows: objectiveDefaults, valuesOf: (given) => [given.get('train.objective')?.value]},
  {rows: taskDefaults, valuesOf: (given, command) => [evaluatedTask(given, command)]},
  {rows: lossDefaults, valuesOf: (given) => [given.get('grpo.loss')?.value]},
  {rows: rewardDefaults, valuesOf: rewardTerms},
  {rows: precisionDefaults, valuesOf: (given) => [given.get('precision')?.value]},
]

/** Adds the defaults that all values of a setting have alike, where nothing else is set; a value without a row has none. */
export function addOwnDefaults(given: Map<string, Setting>, command: string, base: string): void {
  for (const {rows, valuesOf} of ownDefaults) {
    const values = valuesOf(given, command)
    const rowOf = (value: unknown) =>
      (typeof value === 'string' && Object.hasOwn(rows, value) ? rows[value] : undefined) ?? {}
    const [first = {}, ...others] = values.map(rowOf)
    const shared = Object.entries(first).filter(([key, own]) =>
      others.every((other) => isDeepStrictEqual(other[key], own)),
    )
    const source = `default of ${values.join(' and ')}`
    for (const [key, value] of shared) if (!given.has(key)) given.set(key, {key: findKey(key)!, value, source, base})
  }
}

/** Name of the task whose evaluations have defaults of their own: `eval.task`, else, while training, that of the objective. */
function evaluatedTask(given: Given, command: string): unknown {
  const [task, objective] = ['eval.task', 'train.objective'].map((key) => given.get(key)?.value)
  if (task !== undefined || command === 'eval') return task
  const isKnown = typeof objective === 'string' && Object.hasOwn(objectiveTasks, objective)
  return isKnown ? objectiveTasks[objective as ObjectiveName] : undefined
}

/** Names of the terms of `reward.terms`, as far as it is a list of terms. */
function rewardTerms(given: Given): unknown[] {
  const terms = given.get('reward.terms')?.value
  return Array.isArray(terms) ? terms.map((term) => term?.name ?? term) : []
}
