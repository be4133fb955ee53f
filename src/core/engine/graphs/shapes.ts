import {completionBucket, countBucket, lengthBucket, shareBucket} from './bucket.js'
import type {StepShape} from './decoding-step.js'
import type {LanguageModelShape} from './language-model.js'
import type {LogprobShape} from './logprobs.js'
import {ownCapacity, pageSizes} from './pages.js'
import type {PolicyShape} from './policy.js'
import type {RolloutShape} from './rollout-loop.js'
import type {ScoreShape} from './score.js'

/** Static shapes of graphs: what is computed, rounded up to sizes of which there are few. */

/** Prompts that are completed together. */
export interface RolloutSizes {
  readonly contexts: number
  readonly groupSize: number
  /** Tokens of the longest prompt. */
  readonly promptTokens: number
  /** Tokens of the longest completion that may be sampled. */
  readonly maxTokens: number
}

/** The shape of a whole sampling loop. A product of one row rounds differently, so there are always two. */
export function rolloutShape({contexts, groupSize, promptTokens, maxTokens}: RolloutSizes): RolloutShape {
  return {
    contexts: countBucket(contexts, groupSize === 1 ? 2 : 1),
    groupSize,
    contextLength: lengthBucket(promptTokens - 1),
    capacity: completionBucket(maxTokens),
  }
}

/** Contexts being continued, token by token. */
export interface StepSizes {
  /** Contexts that have unfinished samples. */
  readonly contexts: number
  /** Samples of a context at first, and unfinished ones at most. */
  readonly groupSize: number
  readonly unfinished: number
  /** Contexts that the batch may hold. */
  readonly contextsPerBatch: number
  /** Tokens of the longest context, and of the longest and the shortest sample so far. */
  readonly contextTokens: number
  readonly sampledTokens: number
  readonly fewestTokens: number
  /** Tokens that a sample may reach. */
  readonly maxTokens: number
}

/** The shape of one decoding step, the smallest that holds these rows. */
export function stepShape(sizes: StepSizes): StepShape {
  const {maxTokens, contextsPerBatch} = sizes
  const groupSize = Math.min(countBucket(sizes.unfinished), sizes.groupSize)
  const contexts = Math.min(countBucket(sizes.contexts), Math.max(contextsPerBatch, sizes.contexts))
  const contextLength = lengthBucket(sizes.contextTokens)
  const capacity = ownCapacity(sizes.sampledTokens + 1, maxTokens)
  return {
    // A product of one row rounds differently from the same row among others, so there are always two.
    contexts: groupSize === 1 ? Math.max(2, contexts) : contexts,
    groupSize,
    contextLength,
    capacity,
    isEven: sizes.fewestTokens >= capacity - pageSizes(capacity).at(-1)!,
    positions: contextLength + completionBucket(maxTokens) + 1,
  }
}

/** Groups of one micro-batch of a GRPO update. */
export interface PolicySizes {
  /** Groups, those that only fill up included. */
  readonly contexts: number
  readonly groupSize: number
  /** Tokens of the longest prompt. */
  readonly promptTokens: number
  /** Tokens of the longest completion. */
  readonly completionTokens: number
  /** Completion tokens of the micro-batch together. */
  readonly trainedTokens: number
}

/** The shape of a policy graph. */
export function policyShape({contexts, groupSize, trainedTokens, ...longest}: PolicySizes): PolicyShape {
  const contextLength = lengthBucket(longest.promptTokens - 1)
  const completionLength = completionBucket(longest.completionTokens)
  const trained = shareBucket(trainedTokens, contexts * groupSize * completionLength)
  return {contexts, groupSize, contextLength, completionLength, trained}
}

/** Groups that the graph of an update has room for: one size for all micro-batches, the last one is padded. */
export function policyContexts(groups: number, contextsPerMicroBatch: number): number {
  return groups > contextsPerMicroBatch ? contextsPerMicroBatch : countBucket(groups)
}

/** The shape of a language-model graph: rows, the tokens of the longest one, and all targets together. */
export function languageModelShape(rows: number, rowTokens: number, trainedTokens: number): LanguageModelShape {
  const shape = {rows: countBucket(rows), length: lengthBucket(rowTokens - 1)}
  return {...shape, trained: shareBucket(trainedTokens, shape.rows * shape.length)}
}

/** The shape of a score graph: sequences, and the tokens of the longest one. */
export function scoreShape(rows: number, tokens: number, topK: number): ScoreShape {
  return {rows: countBucket(rows), length: lengthBucket(tokens), topK}
}

/** Fewest tokens that a log-probability graph is asked for: as many as the shortest row has. */
const minAsked = 16

/** The shape of a log-probability graph: sequences, the tokens of the longest one, and all tokens asked for together. */
export function logprobShape(rows: number, tokens: number, asked: number): LogprobShape {
  const shape = {rows: countBucket(rows), length: lengthBucket(tokens)}
  return {...shape, asked: Math.min(countBucket(asked, minAsked), shape.rows * shape.length)}
}
