import {writeFileSync} from 'node:fs'
import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {freshProblems, stateQuestion} from '../tiny/questions.js'

/** Writes the questions: 256 to train on and 200 to test, as many as the paper has. */
export function writeQuestions(file: string): void {
  const sampler = new Sampler(streamSeed(0, 'labels'))
  const rows = freshProblems(456, 'rlvr questions').map((problem) => stateQuestion(problem, sampler))
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
