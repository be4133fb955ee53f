import type {ObjectiveName, TaskName} from '../config/names.js'
import {grpo} from './grpo/kind.js'
import type {ObjectiveKind, Taught} from './objective.js'
import {ntp} from './rows/ntp.js'
import {sft} from './rows/sft.js'

/** How each objective takes its steps. Adding one is one file, one row, its name in config/names.ts, and its task in config/task-defaults.ts. */
export const objectives: Readonly<Record<ObjectiveName, ObjectiveKind>> = {
  rpt: grpo('next-token', 'prefix-match'),
  rlvr: grpo('questions', 'correct'),
  ntp,
  sft,
}

/** What the checkpoints of an objective were taught; null of an objective that this version does not know. */
export function taughtBy(objective: string): Taught | null {
  return kindOf(objective)?.teaches ?? null
}

/** The task that an objective is evaluated on; null where it learns from rows, and of one that this version does not know. */
export function taskOf(objective: string): TaskName | null {
  return kindOf(objective)?.task ?? null
}

/** What the loss of an objective is, in words, given `grpo.loss`; null of an objective that this version does not know. */
export function lossNameOf(objective: string, policyLoss: string): string | null {
  return kindOf(objective)?.lossName(policyLoss) ?? null
}

/** Whether rows or rewards of an objective taught a model how its thoughts end. */
export function isTaught(objective: string): boolean {
  const taught = taughtBy(objective)
  return taught === 'rows' || taught === 'thoughts'
}

/** How an objective takes its steps; null of one that this version does not know. */
function kindOf(objective: string): ObjectiveKind | null {
  return Object.hasOwn(objectives, objective) ? objectives[objective as ObjectiveName] : null
}
