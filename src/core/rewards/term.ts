import type {Config} from '../config/schema.js'
import type {Completion, Context, GradedGroup, LogprobQuery, TokenSpan} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'

/** One term of a reward: it may ask a model, then scores. */
export interface RewardTerm<Item> {
  /** What it needs to know of a group; the answers to all groups of a step come from one call. */
  readonly ask?: (group: GradedGroup<Item>) => readonly LogprobQuery[]
  /**
   * A score for each completion of the group.
   *
   * @param answers to its queries, in their order: log-probabilities of the continuation's tokens, natural, float32
   * @param progress share of the run that is over: 0 at the first step, 1 at the last of `train.steps`
   */
  readonly score: (group: GradedGroup<Item>, answers: readonly Float32Array[], progress: number) => readonly number[]
  /** A sentence for each completion; absent where the task's verdict says it. */
  readonly explain?: (group: GradedGroup<Item>, answers: readonly Float32Array[]) => readonly string[]
  /** Which tokens of a completion are trained; all of them when absent. */
  readonly trains?: (completion: Completion) => TokenSpan
}

/** What a term is made with. */
export interface TermSetup {
  readonly tokenizer: Tokenizer
  /** Positions of the model: the longest query. */
  readonly maxPositions: number
  /** Most tokens of a completion. */
  readonly maxTokens: number
  readonly settings: Pick<Config['reward'], 'lengthBudget' | 'overlongTokens'>
}

/** A kind of term: a row of `rewardTerms`. */
export interface RewardKind {
  /** Items that it can score: of any task, or positions of documents alone. */
  readonly items: 'any' | 'contexts'
  /** What it looks at: whether the answer is right, and that alone; how good it is, in degrees; or its format, whatever it says. */
  readonly pays: 'right' | 'degree' | 'format'
  /** The weights that it asks: with `average` their moving average is kept, too. Absent where it asks nothing. */
  readonly asks?: 'policy' | 'average'
  /** Whether its scores depend on how much of the run is over. Absent where they do not. */
  readonly isTimed?: true
  readonly open: (setup: TermSetup) => RewardTerm<Context> | RewardTerm<unknown>
}
