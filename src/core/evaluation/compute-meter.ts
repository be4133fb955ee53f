import type {Engine} from '../engine/engine.js'
import {type ModelShape, queryFlops, rolloutFlops, scoreFlops} from '../models/flops.js'
import type {ComputeSpent} from '../runs/compute-spent.js'
import type {Sampler} from '../samplers/sampler.js'
import type {ScoringEngine} from '../tasks/task.js'
import {sumOf} from '../util/means.js'

/** What the predictions of one mode took. */
export type ModeCompute = Omit<ComputeSpent, 'flops' | 'flops_update'>

/**
 * Counts what predictions take as they are made: all that is asked of an engine and of a sampler, sampled completions too.
 * What serves many predictions, such as a document that is scored once for all its positions, counts once.
 */
export class ComputeMeter {
  private flopsGeneration = 0
  private flopsScoring = 0
  private tokens = 0
  private readonly began = performance.now()

  constructor(private readonly shape: ModelShape) {}

  /** The same engine, each score of which is counted. */
  engine(engine: ScoringEngine & Pick<Engine, 'watch'>): ScoringEngine & Pick<Engine, 'watch'> {
    return {
      watch: (listener) => engine.watch(listener),
      score: (sequences, settings) => {
        const lengths = sequences.map(({length}) => length)
        this.flopsScoring += scoreFlops(this.shape, lengths)
        this.tokens += sumOf(lengths)
        return engine.score(sequences, settings)
      },
      logprobs: (queries, settings) => {
        const lengths = queries.map((query) => ({prompt: query.prompt.length, continuation: query.continuation.length}))
        this.flopsScoring += queryFlops(this.shape, lengths)
        this.tokens += sumOf(lengths.map(({prompt, continuation}) => prompt + continuation))
        return engine.logprobs(queries, settings)
      },
    }
  }

  /** The same sampler, each completion of which is counted. */
  sampler(sampler: Pick<Sampler, 'sample'>): Pick<Sampler, 'sample'> {
    return {
      sample: async (prompts, request) => {
        const samples = await sampler.sample(prompts, request)
        const groups = prompts.map(({ids}, i) => ({
          promptTokens: ids.length,
          completionTokens: samples.completions[i].map((completion) => completion.ids.length),
        }))
        this.flopsGeneration += rolloutFlops(this.shape, groups)
        this.tokens += sumOf(groups.flatMap(({completionTokens}) => completionTokens))
        return samples
      },
    }
  }

  /** All of it so far. */
  get spent(): ModeCompute {
    return {
      flops_generation: this.flopsGeneration,
      flops_scoring: this.flopsScoring,
      tokens: this.tokens,
      step_seconds: (performance.now() - this.began) / 1000,
    }
  }
}
