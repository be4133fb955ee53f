import type {SamplingSettings} from '../../nn/distribution.js'
import type {Completion, StopReason} from '../../records/records.js'
import {type Stream, uniform} from '../../util/rng.js'
import {type StopRule, StopSearch} from './stop-rule.js'

/** Uniforms closer than this to a step of the cumulative distribution might fall on its other side elsewhere. */
const nearStep = 1e-6

/** One completion as it grows. */
export class Sample {
  private readonly ids: number[] = []
  private readonly oldLogprobs: number[] = []
  private readonly search: StopSearch | null
  private end: StopReason | null = null
  /** Draws within rounding of a step of the cumulative distribution. */
  nearSteps = 0

  constructor(
    private readonly stream: Stream,
    private readonly maxTokens: number,
    private readonly sampling: SamplingSettings,
    stop?: StopRule | null,
  ) {
    this.search = stop ? new StopSearch(stop) : null
  }

  get length(): number {
    return this.ids.length
  }

  /** Whether it has drawn an end token, the end of a stop text, or all tokens that it may have. */
  get isFinished(): boolean {
    return this.end !== null || this.ids.length >= this.maxTokens
  }

  /** The uniform in [0, 1) that draws token `t`. */
  uniformAt(t: number): number {
    return this.sampling.greedy ? 0 : uniform(this.stream, t)
  }

  /** Adds the token that was drawn, its log-probability, and the distance of the uniform from a step. */
  push(id: number, oldLogprob: number, margin: number): void {
    this.ids.push(id)
    this.oldLogprobs.push(oldLogprob)
    if (margin < nearStep) this.nearSteps++
    if (this.sampling.endIds.includes(id)) this.end = 'end-of-text'
    else if (this.search?.push(id)) this.end = 'stop-string'
  }

  /** What was sampled, the token included that ended it. */
  completion(): Completion {
    return {
      ids: Int32Array.from(this.ids),
      oldLogprobs: Float32Array.from(this.oldLogprobs),
      stopReason: this.end ?? 'length',
    }
  }
}
