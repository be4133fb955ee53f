import type {ThoughtStyle} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {type EncodedRow, encodeRow, promptText} from '../corpus/completions.js'
import {promptLimit} from '../prompts/prompt-limit.js'
import {contextWithout, opensThought} from '../prompts/prompts.js'
import {startTag} from '../prompts/templates.js'
import type {Context, Difficulty} from '../records/records.js'
import type {Task} from '../tasks/task.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {isSameIds} from '../util/join-ids.js'
import {Sampler, streamSeed} from '../util/rng.js'
import {factsOf} from './facts.js'
import type {ProxyView} from './proxy-views.js'
import {boxed, shortestAnswer} from './shortest-answer.js'
import {styles} from './styles.js'

/** The mark of a row, which stands at the beginning of every file of them. */
export const rowMark = '"rpt":"warm-start"'

/** One line of the file: what objective sft reads, and where it came from. */
export interface WarmRow {
  readonly rpt: 'warm-start'
  readonly doc_id: string
  readonly position: number
  readonly difficulty: Difficulty
  readonly style: ThoughtStyle
  readonly prompt: string
  readonly completion: string
}

/** Why positions are passed over: what a reader should know, and what makes rows of them, where a setting does. */
export const obstacles = {
  'no-text': {words: 'no right answer is whole characters', remedy: null},
  'other-tokens': {words: 'as text, the prompt reads as other tokens than rollouts have', remedy: null},
  'too-long': {
    words: 'longer than rollout.maxTokens or train.maxRowTokens allow',
    remedy: 'raise rollout.maxTokens and train.maxRowTokens',
  },
  'not-right': {words: 'the thought hides the answer from the grader', remedy: 'choose other warmStart.styles'},
} as const

/** A reason in `obstacles`. */
export type Obstacle = keyof typeof obstacles

/** What rows are made with. */
export interface RowMaker {
  readonly config: Config
  readonly task: Task<Context>
  readonly tokenizer: Tokenizer
  readonly model: {readonly maxPositions: number}
}

/** A row with its tokens, or why there is none. */
export type MadeRow = {readonly row: WarmRow; readonly tokens: number; readonly isCut: boolean} | Obstacle

/**
 * The row of a position: the prompt as rollouts have it, a thought, the answer in its box. A row is made only where objective
 * sft reads the very tokens of the rollout's prompt, and where the task finds the completion right.
 */
export function makeRow({config, task, tokenizer, model}: RowMaker, context: Context, view: ProxyView): MadeRow {
  const answer = shortestAnswer(context)
  if (answer === null) return 'no-text'
  const {ids, cutTokens} = task.promptOf(context, promptLimit(config, model))
  const kept = contextWithout(tokenizer, context.tokenIds, cutTokens)
  const style = drawStyle(config, context)
  const thought = styles[style](factsOf(context, answer, kept, view, tokenizer))
  const opening = opensThought(tokenizer, task.promptSettings) ? '' : `${startTag}\n`
  const texts = {
    prompt: promptText(ids, tokenizer),
    completion: opening + boxed(thought, answer),
  }
  const encoded = encodeRow(texts, tokenizer)
  const obstacle = obstacleOf(encoded, ids, context, {config, task})
  if (obstacle !== null) return obstacle
  const {docId: doc_id, position, difficulty} = context
  const tokens = encoded.promptIds.length + encoded.completionIds.length
  return {row: {rpt: 'warm-start', doc_id, position, difficulty, style, ...texts}, tokens, isCut: cutTokens > 0}
}

function obstacleOf(
  {promptIds, completionIds}: EncodedRow,
  ids: Int32Array,
  context: Context,
  {config: {rollout, train}, task}: Pick<RowMaker, 'config' | 'task'>,
): Obstacle | null {
  if (!isSameIds(promptIds, ids)) return 'other-tokens'
  if (completionIds.length > rollout.maxTokens || promptIds.length + completionIds.length > train.maxRowTokens)
    return 'too-long'
  const completion = {ids: completionIds, oldLogprobs: new Float32Array(), stopReason: 'end-of-text'} as const
  return task.grade(context, completion).correct ? null : 'not-right'
}

function drawStyle({seed, warmStart}: Config, {docId, position}: Context): ThoughtStyle {
  const draw = new Sampler(streamSeed(seed, 'warm-start style', docId, position))
  return warmStart.styles[draw.integer(warmStart.styles.length)]
}
