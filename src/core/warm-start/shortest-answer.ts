import {endTag} from '../prompts/templates.js'
import type {Context} from '../records/records.js'
import {parseCompletion} from '../rewards/parse.js'
import {textOf} from './facts.js'

/**
 * The shortest right answer that a row can hold: what comes next up to the first token boundary where it is whole
 * characters and what its box parses to; null where no boundary is. Mostly the next token.
 */
export function shortestAnswer({truth, boundaries}: Pick<Context, 'truth' | 'boundaries'>): string | null {
  for (const end of boundaries) {
    const bytes = truth.subarray(0, end)
    const answer = textOf(bytes)
    if (answer === null) continue
    const {prediction} = parseCompletion(Buffer.from(boxed('', answer)), 'end-of-text')
    if (prediction && Buffer.from(bytes).equals(prediction)) return answer
  }
  return null
}

/** A thought that is over, with the answer in its box. */
export function boxed(thought: string, answer: string): string {
  return `${thought}\n${endTag}\n\n\\boxed{${answer}}`
}
