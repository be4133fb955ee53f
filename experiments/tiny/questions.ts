import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {drawProblems, generate} from './generate-corpus.js'
import {type Problem, pick} from './grammar.js'

/** Words of a chain for each operation: its label, its name, and the state that it leads to. */
const wordsPerStep = 3

/** Problems that neither the corpus nor the traces of seed 0 hold, for questions about them. */
export function freshProblems(count: number, stream: string): Problem[] {
  const {problems, traceProblems} = generate({seed: 0})
  const seen = new Set([...problems, ...traceProblems].map(({signature}) => signature))
  return drawProblems(new Sampler(streamSeed(0, stream)), count, seen)
}

/** What a problem says before its first answer, `... After D it is`, and the states from the start to that answer. */
export function firstQuestion({pieces: [statement, ask, answer]}: Problem): {
  readonly statement: string
  readonly ask: string
  readonly states: readonly string[]
} {
  const states = answer.chain!.filter((_, index) => index % wordsPerStep === 0)
  return {statement: statement.text, ask: ask.text, states}
}

/** A question about the state after one of the first four operations, drawn at random. */
export function stateQuestion(
  problem: Problem,
  sampler: Sampler,
): {readonly question: string; readonly answer: string} {
  const {statement, ask, states} = firstQuestion(problem)
  const labels = ['A', 'B', 'C', 'D']
  const label = pick(sampler, labels)
  return {
    question: statement + ask.replace(' After D', ` After ${label}`),
    answer: states[1 + labels.indexOf(label)],
  }
}
