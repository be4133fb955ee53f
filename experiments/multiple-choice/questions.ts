import {writeFileSync} from 'node:fs'
import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {digits, directions, months, type Problem} from '../tiny/grammar.js'
import {firstQuestion, freshProblems} from '../tiny/questions.js'

const optionsPerQuestion = 4

/** Writes the questions: the state after the fourth operation, and three other states of its family. */
export function writeQuestions(file: string): void {
  const sampler = new Sampler(streamSeed(0, 'options'))
  const rows = freshProblems(600, 'choice questions').map((problem) => questionOf(problem, sampler))
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

function questionOf(problem: Problem, sampler: Sampler) {
  const {statement, ask, states} = firstQuestion(problem)
  const answer = states.at(-1)!
  const family = [digits, months, directions].find((one) => one.includes(answer))!
  const others = shuffled(
    family.filter((state) => state !== answer),
    sampler,
  ).slice(0, optionsPerQuestion - 1)
  return {
    question: statement + ask,
    options: shuffled([answer, ...others], sampler),
    answer,
    category: problem.signature.split(' ')[0],
  }
}

function shuffled<T>(items: readonly T[], sampler: Sampler): T[] {
  const left = [...items]
  return items.map(() => left.splice(sampler.integer(left.length), 1)[0])
}
