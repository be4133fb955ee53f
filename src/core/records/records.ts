/**
 * The nouns of the main path, in the paper's order: document, position, context, prompt, completion, reward, group.
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

/** What is left of a kept position when its context is to be made. */
export type Target = Pick<Position, 'docId' | 'position' | 'difficulty'>

/** x_<t with the continuation x_>=t that a prediction is compared with. */
export interface Context {
  readonly docId: string
  readonly position: number
  readonly difficulty: Difficulty
  /** [t] ids of x_<t. */
  readonly tokenIds: Int32Array
  /** Reference bytes: the continuation's first tokens, at most `reward.maxReferenceTokens` of them. */
  readonly truth: Uint8Array
  /** Cumulative byte lengths of those tokens, ascending and without repeats: where a prediction may end. */
  readonly boundaries: Int32Array
}

/** A context in its instruction template. */
export interface Prompt {
  readonly context: Context
  readonly ids: Int32Array
  /** Tokens that the context lost from the left, so that the prompt fits. */
  readonly cutTokens: number
}

/** Why sampling stopped: an end token, or the length limit. */
export type StopReason = 'end-of-text' | 'length'

/** Tokens sampled for one prompt: the thought, then the prediction. */
export interface Completion {
  /** Sampled ids, the end-of-text token included where it was reached. */
  readonly ids: Int32Array
  /** Log-probability of each sampled id under logits / temperature, when it was sampled. */
  readonly oldLogprobs: Float32Array
  readonly stopReason: StopReason
}

/** Every outcome of parsing, in the order of their precedence from best to worst. */
export const outcomes = ['parsed', 'no-box', 'unfinished-thinking', 'truncated'] as const

/** What the parser found in a completion. */
export type Outcome = (typeof outcomes)[number]

/** A completion's reward with its parts and a sentence that explains it. */
export interface Reward {
  readonly outcome: Outcome
  /** Bytes in the last box after thinking ends; null unless `outcome` is `parsed`. */
  readonly prediction: Uint8Array | null
  readonly total: number
  readonly parts: Readonly<Record<string, number>>
  readonly explanation: string
}

/** The G completions of one prompt with their rewards. */
export interface Group {
  readonly prompt: Prompt
  readonly completions: readonly Completion[]
  readonly rewards: readonly Reward[]
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
