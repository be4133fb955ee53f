/**
 * The nouns of the main path, in the paper's order: document, position, context, prompt, completion, verdict, reward, group.
 *
 * Each stage returns new records and never overwrites a field of the stage before it.
 */

/** Which side of the held-out split a document is on. */
export type Partition = 'train' | 'val'
/** Levels of difficulty, the lowest first. */
export const difficulties = ['none', 'easy', 'medium', 'hard'] as const
/** The hardest level whose entropy threshold a position exceeds. */
export type Difficulty = (typeof difficulties)[number]

/** What models see of a text of the corpus. */
export interface TokenizedDocument {
  /** `<file>:<row>`, unique within one prepared data directory. */
  readonly docId: string
  readonly partition: Partition
  /** [T] token ids, with the special start token first where the model uses one. */
  readonly tokenIds: Int32Array
}

/** A text of the corpus with its tokens. */
export interface Document extends TokenizedDocument {
  readonly text: string
  /** [T] byte offset in the UTF-8 text at which each token starts (a special start token starts at 0 and is empty). */
  readonly byteOffsets: Int32Array
  /** Whether the text of the corpus goes on behind this piece of it. */
  readonly goesOn: boolean
}

/** One target token of one document and what the proxy model thought of it. */
export interface Position {
  readonly docId: string
  /** Index t of the target in the document's `tokenIds`; its context is the tokens before t. */
  readonly position: number
  readonly partition: Partition
  readonly targetId: number
  readonly targetBytes: Uint8Array
  /** Nats, over the proxy's renormalised top 16 next tokens. */
  readonly entropy: number
  /** The same from the difficulty model, for held-out documents; else null. */
  readonly difficultyEntropy: number | null
  /** Natural log-probability of the target over the full vocabulary at temperature 1. */
  readonly targetLogprob: number
  /** The proxy's most probable next token. */
  readonly top1Id: number
  /** The hardest level that the entropy reaches. */
  readonly difficulty: Difficulty
  readonly kept: boolean
  /** `kept`, `below-threshold`, `min-context`, ... */
  readonly reason: string
}

/** Fields that positions can be sorted by for a reader. */
export const sortKeys = ['entropy'] as const satisfies readonly (keyof Position)[]
/** A name in `sortKeys`. */
export type SortKey = (typeof sortKeys)[number]

/** How a drawn training item may have gone; `drawn` is any of them. */
export const ledgerWays = ['drawn', 'never-right', 'sometimes-right', 'always-right', 'no-signal'] as const
/** A name in `ledgerWays`. */
export type LedgerWay = (typeof ledgerWays)[number]

/** Results that can be asked for. */
export const results = ['right', 'wrong'] as const

/** What is left of a kept position when its context is to be made. */
export type Target = Pick<Position, 'docId' | 'position' | 'difficulty' | 'entropy'>

/** x_<t with the continuation x_>=t that a prediction is compared with. */
export interface Context {
  readonly docId: string
  readonly position: number
  readonly difficulty: Difficulty
  /** [t] ids of x_<t. */
  readonly tokenIds: Int32Array
  /** Id of x_t. */
  readonly targetId: number
  /** Reference bytes: the continuation's first tokens, at most `reward.maxReferenceTokens` of them. */
  readonly truth: Uint8Array
  /** Cumulative byte lengths of those tokens, ascending and without repeats: where a prediction may end. */
  readonly boundaries: Int32Array
}

/**
 * Names an item, whatever the task: random streams, tables and repeats go by it. For next-token prediction the source is
 * the document and the index the position.
 */
export interface ItemKey {
  readonly source: string
  readonly index: number
}

/** What is known of an item before it is made. */
export interface ItemTraits {
  readonly key: ItemKey
  /** One of the task's strata. */
  readonly stratum: string
  /** Nats, of the proxy; null where the task has none. */
  readonly entropy: number | null
}

/** What tables say of an item besides its key. */
export interface ItemFacts {
  /** Name of the task that it is of. */
  readonly task: string
  /** Bytes that a right answer is compared with. */
  readonly truth: Uint8Array
  /** Cumulative byte lengths at which an answer may end; empty where it is compared as a whole. */
  readonly boundaries: Int32Array
  /** One of the task's strata: `hard`, or a category. */
  readonly stratum: string
  /** What a bootstrap resamples as a whole: the document, or the question itself. */
  readonly cluster: string
}

/** An item in its instruction template. */
export interface Prompt {
  readonly key: ItemKey
  readonly ids: Int32Array
  /** Tokens of the context before it was cut. */
  readonly contextTokens: number
  /** Tokens that the context lost from the left, so that the prompt fits. */
  readonly cutTokens: number
}

/** Tokens of a completion, `from` inclusive and `to` exclusive. */
export interface TokenSpan {
  readonly from: number
  readonly to: number
}

/** Why sampling stopped: an end token, a text of `rollout.stop`, or the length limit. */
export type StopReason = 'end-of-text' | 'stop-string' | 'length'

/** Tokens sampled for one prompt: the thought, then the prediction. */
export interface Completion {
  /** Sampled ids, the one included that ended the completion: an end token, or the last of a stop text. */
  readonly ids: Int32Array
  /** Log-probability of each sampled id under logits / temperature, when it was sampled. */
  readonly oldLogprobs: Float32Array
  readonly stopReason: StopReason
}

/** Every outcome of parsing, in the order of their precedence from best to worst. */
export const outcomes = ['parsed', 'no-box', 'unfinished-thinking', 'truncated'] as const

/** What the parser found in a completion. */
export type Outcome = (typeof outcomes)[number]

/** What a task says of one completion: the same in training and evaluation. */
export interface Verdict {
  readonly outcome: Outcome
  /** Bytes of the answer; null unless `outcome` is `parsed`. */
  readonly answer: Uint8Array | null
  readonly correct: boolean
  /** One sentence on why. */
  readonly explanation: string
}

/** The G completions of one prompt with their verdicts. */
export interface GradedGroup<Item> {
  readonly item: Item
  readonly facts: ItemFacts
  readonly prompt: Prompt
  readonly completions: readonly Completion[]
  readonly verdicts: readonly Verdict[]
}

/** A completion's reward: the weighted sum of its parts. */
export interface Reward {
  readonly total: number
  /** Score of each term by name, before its weight. */
  readonly parts: Readonly<Record<string, number>>
  /** One sentence on why: the verdict's, or the terms' own. */
  readonly explanation: string
}

/** A graded group with a reward for each completion. */
export interface RewardedGroup<Item> extends GradedGroup<Item> {
  readonly rewards: readonly Reward[]
}

/** A rewarded group with an advantage for each completion; 0 where the group is not trained on. */
export interface ScoredGroup<Item> extends RewardedGroup<Item> {
  readonly advantages: readonly number[]
}

/** Tokens of one training row and which of them are trained. */
export interface TrainingRow {
  readonly ids: Int32Array
  /** The first token that is a target; the ones before it are context only. At least 1. */
  readonly trainedFrom: number
}

/** A question to a model: how probable is each token of a continuation, given a prompt and the tokens before it? */
export interface LogprobQuery {
  /** The model that is trained, the moving average of its weights, or the frozen reference. */
  readonly of: 'policy' | 'average' | 'reference'
  /** Token ids, at least one. */
  readonly prompt: Int32Array
  /** Token ids, at least one; with the prompt no more than the model's positions. */
  readonly continuation: Int32Array
}
