import type {PatternName} from '../analysis/patterns.js'
import type {ThoughtFacts} from '../analysis/response-tally.js'
import type {Draws} from '../training/ledger.js'
import type {Checkpoint} from './choose-checkpoint.js'
import type {RolloutStatistics} from './diagnose.js'
import type {LedgerSummary} from './ledger.js'

/** What `inspect` found, as plain data. */
export type Inspection = DataInspection | RunInspection | LedgerInspection

/** Prepared data. */
export interface DataInspection {
  readonly kind: 'data'
  readonly path: string
  readonly positions: number
  readonly kept: number
  /** Those of the training partition, and by what rule they are kept; null where the folder does not tell. */
  readonly training: {readonly positions: number; readonly kept: number; readonly rule: string | null}
  readonly by_difficulty: Readonly<Record<string, number>>
  readonly by_reason: Readonly<Record<string, number>>
  readonly diagnosis: readonly string[]
  readonly matching: number
  /** Which instruction the prompts are in, and how long it is; absent where none are shown. */
  readonly prompts?: string
  readonly rows: readonly PositionView[]
}

/** One position: what was to be predicted, how hard it looked, and whether it is trained on. */
export interface PositionView {
  readonly doc_id: string
  readonly position: number
  readonly partition: string
  readonly context: string | null
  /** Where the target starts in its document; null where the document is not at hand. */
  readonly byte: number | null
  readonly target: string
  readonly entropy: number
  readonly difficulty_entropy: number | null
  readonly target_logprob: number
  readonly difficulty: string
  readonly kept: boolean
  readonly reason: string
  /** Absent unless it was asked for. */
  readonly prompt?: PromptView
}

/** The prompt of a position, as rollouts have it. */
export interface PromptView {
  /** Special tokens by their names. */
  readonly text: string
  /** Of the whole prompt: those of the instruction and those of the context. */
  readonly tokens: number
  readonly instruction_tokens: number
  readonly context_tokens: number
  /** Tokens that the context lost from the left. */
  readonly cut_tokens: number
}

/** Rollouts of a training step, or predictions of an evaluation. */
export interface RunInspection {
  readonly kind: 'rollouts' | 'predictions'
  readonly path: string
  /** Whose completions these are: a model of an evaluation, or the folder's own run. */
  readonly run: string
  readonly step: number
  /** Whether the numbers of the step went wrong: it changed no weights. */
  readonly failed: boolean
  /** Those of the run that could be shown instead: the failed ones of a failed one. */
  readonly steps: readonly number[]
  /** The models of an evaluation; empty for rollouts. */
  readonly checkpoints: readonly Checkpoint[]
  readonly statistics: RolloutStatistics | null
  /** Of all steps together; null for predictions, and where no step was kept. */
  readonly ledger: LedgerSummary | null
  /** Of all completions with a thought of the model's own; null where there is none. */
  readonly thoughts: ThoughtView | null
  readonly diagnosis: readonly string[]
  readonly matching: number
  readonly rows: readonly CompletionView[]
}

/** Training items of a run and how they went. */
export interface LedgerInspection {
  readonly kind: 'ledger'
  readonly path: string
  readonly ledger: LedgerSummary
  readonly diagnosis: readonly string[]
  readonly matching: number
  readonly rows: readonly LedgerItemView[]
}

/** One training item; context and byte are null where its document is not at hand, the difficulty where that is not known. */
export interface LedgerItemView extends Draws {
  readonly doc_id: string
  readonly position: number
  readonly difficulty: string | null
  readonly context: string | null
  /** Where the item starts in its document. */
  readonly byte: number | null
}

/** What thoughts look like, and the share of the completions that show each pattern of reasoning. */
export interface ThoughtView extends ThoughtFacts {
  readonly patterns: Readonly<Record<PatternName, number>>
}

/** One completion; reward, advantage and explanation are null for predictions of an evaluation. */
export interface CompletionView {
  readonly doc_id: string
  readonly position: number
  /** How hard the position is; null where that is not known. */
  readonly difficulty: string | null
  readonly mode: string | null
  readonly sample: number
  readonly context: string | null
  readonly truth: string
  /** The truth token by token: a prediction must end where one of them does; null where their ends were not kept. */
  readonly truth_tokens: readonly string[] | null
  readonly prediction: string | null
  readonly outcome: string | null
  readonly reward: number
  readonly advantage: number | null
  readonly explanation: string | null
  readonly text: string | null
}
