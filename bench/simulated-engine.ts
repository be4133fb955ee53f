import type {Engine} from '../src/core/engine/engine.js'
import type {TokenScores} from '../src/core/engine/scoring/score.js'
import type {Completion} from '../src/core/records/records.js'
import {Sampler} from '../src/core/util/rng.js'

/**
 * Answers at once and computes nothing, so that what is measured is everything around a model: every third token is
 * predicted in mode standard, and completions are `answers`, one of them drawn for each.
 */
export function simulatedEngine(answers: readonly Int32Array[]): Pick<Engine, 'score' | 'rollout' | 'watch'> {
  return {
    watch() {},
    async score(sequences) {
      return sequences.map(scoresOf)
    },
    async rollout({prompts}) {
      const groups = prompts.map(({streams}) => streams.map((stream) => completionOf(stream, answers)))
      return {groups, uniformsNearStep: 0}
    },
  }
}

function scoresOf(sequence: Int32Array): TokenScores {
  const length = sequence.length - 1
  const top1 = Int32Array.from({length}, (_, i) => (i % 3 === 0 ? sequence[i + 1] : sequence[i]))
  return {entropy: new Float32Array(length), targetLogprob: new Float32Array(length), top1}
}

function completionOf(stream: ConstructorParameters<typeof Sampler>[0], answers: readonly Int32Array[]): Completion {
  const ids = answers[new Sampler(stream).integer(answers.length)]
  return {ids, oldLogprobs: new Float32Array(ids.length), stopReason: 'end-of-text'}
}
