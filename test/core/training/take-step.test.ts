import {existsSync, mkdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, expect, it} from 'vitest'
import {
  type Objective,
  SignalShortage,
  type StepInputs,
  type StepResult,
} from '../../../src/core/objectives/objective.js'
import type {ScoredGroup} from '../../../src/core/records/records.js'
import type {RunDirectory} from '../../../src/core/runs/run-directory.js'
import type {TrainerState} from '../../../src/core/runs/trainer-state.js'
import {readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import type {Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {isShortage, takeStep} from '../../../src/core/training/take-step.js'
import {DataError, NumericError} from '../../../src/core/util/errors.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

const state: TrainerState = {
  step: 6,
  objective: 'rpt',
  visits: 0,
  numTokens: 0,
  wallSeconds: 0,
  configHash: '',
  seed: 0,
}
const tokenizer = {decode: () => 'A'} as unknown as Tokenizer

const group: ScoredGroup<unknown> = {
  item: null,
  facts: {task: 'next-token', truth: new Uint8Array(), boundaries: new Int32Array(), stratum: 'hard', cluster: 'c'},
  prompt: {key: {source: 'a', index: 3}, ids: Int32Array.of(1), contextTokens: 1, cutTokens: 0},
  completions: [{ids: Int32Array.of(5), oldLogprobs: Float32Array.of(-1), stopReason: 'length'}],
  verdicts: [{outcome: 'no-box', answer: null, correct: false, explanation: ''}],
  rewards: [{total: 0, parts: {correct: 0}, explanation: ''}],
  advantages: [0],
}

let run: RunDirectory
beforeEach(() => {
  const path = temporaryFolder()
  const place = async (folder: string, name: string) => {
    mkdirSync(join(path, folder), {recursive: true})
    return join(path, folder, name)
  }
  run = {path, place} as unknown as RunDirectory
})

/** Takes step 7 of an objective that hands over its inputs, if there are any, and then does this. */
function step(inputs: StepInputs | null, then: () => StepResult): Promise<StepResult> {
  const objective: Objective = {
    async step(_step, _cursor, keep) {
      if (inputs) keep(inputs)
      return then()
    },
  }
  return takeStep(run, objective, state, tokenizer)
}

function fail(error: Error) {
  return (): StepResult => {
    throw error
  }
}

const result = (groups: readonly ScoredGroup<unknown>[]): StepResult => ({
  measures: {},
  groups,
  visits: 1,
  tokens: 1,
  flopsGeneration: 0,
  flopsScoring: 0,
  flopsUpdate: 0,
  note: '',
})

it('a step leaves its rollouts under its number, and nothing where it has none', async () => {
  await step(null, () => result([]))
  expect(existsSync(join(run.path, 'rollouts'))).toBe(false)
  await step(null, () => result([group]))
  const rows = readTable(join(run.path, 'rollouts', 'step-000007.arrow'), rolloutsTable)
  expect(rows.map((row) => [row.step, row.position])).toEqual([[7, 3]])
})

it('a step whose numbers are wrong names the step, the file of its inputs, and what shows them', async () => {
  const wrong = new NumericError('the loss is NaN', {suggestions: ['lower the rate']})
  const groups = step({kind: 'groups', groups: [group]}, fail(wrong))
  const file = join(run.path, 'failed', 'step-000007.arrow')
  await expect(groups).rejects.toMatchObject({
    message: 'train: step 7: the loss is NaN',
    cause: wrong,
    suggestions: [
      'lower the rate',
      `the step's inputs are in ${file}`,
      `look at them: rpt inspect ${run.path} --step 7`,
    ],
  })
  expect(readTable(file, rolloutsTable).map((row) => row.step)).toEqual([7])
})

it('rows of text are saved as token ids with the first trained one, which rpt inspect does not show', async () => {
  const rows = [
    {ids: Int32Array.of(4, 5, 6), trainedFrom: 2},
    {ids: Int32Array.of(7, 8), trainedFrom: 1},
  ]
  const file = join(run.path, 'failed', 'step-000007.jsonl')
  await expect(step({kind: 'rows', rows}, fail(new NumericError('it is NaN')))).rejects.toMatchObject({
    suggestions: [`the step's inputs are in ${file}`],
  })
  expect(readFileSync(file, 'utf8')).toBe('{"ids":[4,5,6],"trained_from":2}\n{"ids":[7,8],"trained_from":1}\n')
})

it('a step that fails before it has inputs names no file, and other errors pass as they are', async () => {
  await expect(step(null, fail(new NumericError('it is NaN')))).rejects.toMatchObject({suggestions: []})
  const other = new DataError('no such file')
  await expect(step({kind: 'groups', groups: [group]}, fail(other))).rejects.toBe(other)
  expect(existsSync(join(run.path, 'failed'))).toBe(false)
})

it('a step without signal is told from one whose numbers are wrong, which may have changed the weights', async () => {
  const [shortage, wrong] = [new SignalShortage('found none'), new NumericError('it is NaN')]
  const failures = await Promise.all([shortage, wrong].map((error) => step(null, fail(error)).catch((found) => found)))
  expect(failures.map(isShortage)).toEqual([true, false])
})
