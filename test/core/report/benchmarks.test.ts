import {mkdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {benchmarkOf} from '../../../src/core/report/benchmark.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {collectResults} from '../../../src/core/report/results.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {writeChoices} from './choice-runs.js'
import {type SyntheticRuns, writeSyntheticRuns} from './synthetic-runs.js'

const root = temporaryFolder()
const law = {law: 5, math: 5}
let runs: SyntheticRuns

beforeAll(async () => {
  runs = await writeSyntheticRuns(join(root, 'runs'))
})
afterAll(() => rmSync(root, {recursive: true, force: true}))

/** Notes down what a folder was begun with. */
function begin(
  path: string,
  command: string,
  settings: object,
  inputs: Readonly<Record<string, string>> | null,
): string {
  mkdirSync(path, {recursive: true})
  writeFileSync(join(path, 'run.json'), JSON.stringify({rpt: 'run', version: '0', command, settings: {}, inputs}))
  writeFileSync(join(path, 'config.resolved.yaml'), JSON.stringify(settings))
  return path
}

const nameOf = (name: string, command: string, settings: object, inputs: Readonly<Record<string, string>> | null) =>
  benchmarkOf(readRun(begin(join(root, name), command, settings, inputs)))

describe('results', () => {
  it('of one checkpoint on two benchmarks are both listed, with the folder that each is in', async () => {
    const [one, other] = [await writeChoices(join(root, 'one'), law, {base: {standard: 0.2}}), join(root, 'other')]
    await writeChoices(other, law, {base: {standard: 0.7}})
    const results = collectResults([one, other].map(readRun))
    expect(results.map(({label}) => label)).toEqual(['base, standard (base in one)', 'base, standard (base in other)'])
    for (const path of [one, other]) begin(path, 'eval', {eval: {task: 'multiple-choice'}}, {'data.questions': 'ab'})
    expect(collectResults([one, other].map(readRun))).toHaveLength(1)
  })

  it('of a checkpoint on some of the positions give way to those on all, whatever splits they lack', () => {
    const full = readRun(runs.base)
    const some = full.evals.filter(({split}) => split !== 'hard').map((row) => ({...row, count: 10}))
    for (const folders of [
      [full, {...full, evals: some}],
      [{...full, evals: some}, full],
    ])
      expect(collectResults(folders).map(({cells}) => cells.all?.count)).toEqual([1000, 1000])
  })
})

describe('a benchmark', () => {
  const prepared = {'documents of the prepared data': 'd', 'settings of the prepared data': 's'}
  const file = {'data.questions': 'q'}

  it('is the task and the content of its data, in an evaluation as in a training run, wherever the data lie', () => {
    const trained = {train: {objective: 'rpt'}, data: {dir: '/a', questions: '/q'}}
    const same = nameOf(
      'eval-a',
      'eval',
      {data: {dir: '/b'}, eval: {limit: 10}},
      {...prepared, 'model rpt step 8': 'm'},
    )
    expect(nameOf('train-a', 'train', trained, {...file, ...prepared, model: 'm'})).toBe(same)
    const other = {...prepared, 'settings of the prepared data': 't'}
    expect(nameOf('eval-b', 'eval', {data: {dir: '/b'}}, other)).not.toBe(same)
  })

  it('is of questions where the objective is, or eval.task says so, and of the same held-out part', () => {
    const data = {questions: '/q', valFraction: 0.1, questionField: 'question', answerField: 'answer'}
    const trained = nameOf('train-q', 'train', {train: {objective: 'rlvr'}, data}, {...prepared, ...file, model: 'm'})
    const evaluated = (change: object) => nameOf('eval-q', 'eval', {eval: {task: 'questions'}, data, ...change}, file)
    expect(evaluated({train: {objective: 'rpt'}})).toBe(trained)
    expect(evaluated({data: {...data, valFraction: 0.2}})).not.toBe(trained)
    expect(evaluated({eval: {task: 'multiple-choice'}})).not.toBe(trained)
    expect(nameOf('eval-d', 'eval', {train: {objective: 'rlvr'}, data}, prepared)).toBe(
      nameOf('eval-e', 'eval', {data: {}}, prepared),
    )
  })

  it('is known by the place of its data where their content is not', () => {
    const at = (dir: string) => nameOf('eval-f', 'eval', {data: {dir}}, null)
    expect(at('/a')).toBe(at('/a'))
    expect(at('/a')).not.toBe(at('/b'))
  })
})
