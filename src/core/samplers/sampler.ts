import type {Completion, Prompt} from '../records/records.js'

/** How completions are sampled. */
export interface SamplingRequest {
  readonly groupSize: number
  readonly maxTokens: number
  readonly temperature: number
  readonly contextsPerBatch: number
  /** Texts that end a completion right after the token that completes one; none empty. */
  readonly stop: readonly string[]
  /** What the random numbers are named after: seed, purpose, step. */
  readonly streamKeys: {readonly seed: number; readonly purpose: string; readonly step: number}
  /** Per prompt, how often its item came before in this step: a repeat draws other completions. */
  readonly repeats?: readonly number[]
  /** Take the most probable tokens; one completion per prompt is then enough. */
  readonly greedy?: boolean
}

/** The completions of all prompts. */
export interface Samples {
  /** Per prompt, its G completions. */
  readonly completions: readonly (readonly Completion[])[]
  /** Draws within rounding of a step of the cumulative distribution; null where the sampler does not tell. */
  readonly uniformsNearStep: number | null
}

/** What draws completions: this process, or an engine elsewhere. */
export interface Sampler {
  readonly guarantees: {
    /** Log-probabilities are the trainer's own, so that a difference is an error. */
    readonly exactLogprobs: boolean
  }
  sample(prompts: readonly Prompt[], request: SamplingRequest): Promise<Samples>
  /**
   * Takes over the weights: before it is first asked, and whenever they have changed.
   *
   * @param publish writes them into a folder that is there; a sampler that shares the trainer's weights never calls it
   * @param step of training that they are of
   */
  follow(publish: (folder: string) => Promise<void>, step: number): Promise<void>
  close(): Promise<void>
}
