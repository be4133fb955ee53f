import type {Outcome} from './records.js'

/** What an objective measures of one step; null where nothing was computed, absent where it never is. */
export interface Measures {
  /** Mean over completions. */
  readonly reward?: number
  /** Mean over completions of each term's score, before its weight, by the term's name. */
  readonly rewardTerms?: Readonly<Record<string, number>>
  /** Mean over groups of the population deviation. */
  readonly rewardStd?: number
  /** Share of groups of equal rewards. */
  readonly uniformGroups?: number
  readonly loss?: number | null
  /** Before clipping. */
  readonly gradNorm?: number | null
  /** Nats. */
  readonly entropy?: number | null
  readonly kl?: number | null
  /** Tokens. */
  readonly meanLength?: number
  /** Share of completions cut at the length limit. */
  readonly clippedLengths?: number
  readonly updates?: number
  /** Updates left out because their gradient overflowed. */
  readonly updatesSkipped?: number
  /** Factor on the gradients of the last update. */
  readonly lossScale?: number
  /** Share of tokens whose ratio is clipped. */
  readonly clippedRatios?: number | null
  /** Largest |policy - old| log-probability of the first update. */
  readonly mismatchMax?: number | null
  /** Share of completions by outcome. */
  readonly outcomes?: Readonly<Record<Outcome, number>>
  /** Share of completions whose answer is right. */
  readonly correct?: number
  /** Share of prompts that lost context. */
  readonly cutPrompts?: number
  readonly rolloutBatches?: number
  readonly groupsDropped?: number
  readonly groupsSurplus?: number
  readonly rolloutsGenerated?: number
  /** Null where no group carries signal. */
  readonly rolloutsPerKeptGroup?: number | null
  readonly uniformsNearStep?: number | null
  /** Mean over contexts of the proxy's entropy, nats. */
  readonly contextEntropy?: number | null
}
