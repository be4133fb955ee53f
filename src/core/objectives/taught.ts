import type {objectives} from '../config/schema.js'

/** What an objective teaches a model: to predict at once, what rows of examples show, or to think before it predicts. */
export type Taught = 'tokens' | 'rows' | 'thoughts'

const taught: Readonly<Record<(typeof objectives)[number], Taught>> = {ntp: 'tokens', sft: 'rows', rpt: 'thoughts'}

/** What the checkpoints of an objective were taught; null of an objective that this version does not know. */
export function taughtBy(objective: string): Taught | null {
  return Object.hasOwn(taught, objective) ? taught[objective as keyof typeof taught] : null
}
