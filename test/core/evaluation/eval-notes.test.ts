import {expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {notesOn} from '../../../src/core/evaluation/eval-notes.js'
import type {ModeTally} from '../../../src/core/evaluation/mode-tally.js'
import type {Predictor} from '../../../src/core/evaluation/predict.js'
import {type Outcome, outcomes} from '../../../src/core/records/records.js'
import {nextToken} from '../../../src/core/tasks/next-token.js'
import {questions} from '../../../src/core/tasks/questions.js'
import type {TaskKind} from '../../../src/core/tasks/task.js'

/** What is said of ten wrong completions that all end so. */
function adviceOn(outcome: Outcome, {promptSettings, noun}: TaskKind): string {
  const config = configSchema.parse({})
  const predictor = {config, task: {promptSettings: promptSettings(config), noun}} as unknown as Predictor
  const counts = Object.fromEntries(outcomes.map((one) => [one, one === outcome ? 10 : 0]))
  const tally = {outcomes: counts, count: 10, correct: 0, cut: {count: 0}} as unknown as ModeTally
  return notesOn(predictor, 'reasoning', tally)[1]
}

it.each(['parsed', 'no-box', 'unfinished-thinking'] as const)(
  'what is said of completions that are all %s and wrong names the template of the task',
  (outcome) => {
    expect(adviceOn(outcome, nextToken)).toMatch(/prompt\.template\b/)
    expect(adviceOn(outcome, questions)).toMatch(/prompt\.questionTemplate\b/)
    expect(adviceOn(outcome, questions)).not.toMatch(/prompt\.template\b/)
  },
)
