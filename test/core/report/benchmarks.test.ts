import {mkdirSync, rmSync, writeFileSync} from 'node:fs'
import {basename, join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {benchmarkOf} from '../../../src/core/report/benchmark.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {collectResults, type Result} from '../../../src/core/report/results.js'
import {collectScaling, scalingFigures} from '../../../src/core/report/scaling-figures.js'
import {identityHash, inputOfModel, inputOfPoint} from '../../../src/core/runs/run-identity.js'
import {nullsOf, sweepTable, writeTable} from '../../../src/core/tables/index.js'
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

  it('of other weights of the same name, or of another template, are listed beside each other', async () => {
    const folders = ['first', 'second'].map((name) => join(root, name))
    for (const path of folders) await writeChoices(path, law, {base: {standard: 0.4}})
    const evaluated = (weights: readonly string[]) => {
      for (const [i, path] of folders.entries())
        begin(
          path,
          'eval',
          {eval: {task: 'multiple-choice'}},
          {'data.questions': 'q', [inputOfModel('base', 0)]: weights[i]},
        )
      return folders.map(readRun)
    }
    const labels = ['base, standard (base in first)', 'base, standard (base in second)']
    expect(collectResults(evaluated(['a', 'b'])).map(({label}) => label)).toEqual(labels)
    const [one, other] = evaluated(['a', 'a'])
    expect(collectResults([one, other])).toHaveLength(1)
    const evals = other.evals.map((row) => ({...row, prompt_settings: '{"prompt.template": "v1"}'}))
    expect(collectResults([one, {...other, evals}]).map(({label}) => label)).toEqual(labels)
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

describe('the line of the base in a scaling figure', () => {
  it('is of the benchmark of its points', () => {
    const [base, rpt] = [runs.base, runs.rpt].map(readRun)
    const points = collectScaling([rpt])
    const own = collectResults([base])
    const elsewhere = own.map((result) => ({...result, benchmark: 'other', cells: {}}))
    const linesOf = (results: readonly Result[], measured = points) =>
      scalingFigures(measured, [], results).map(({references}) => references.map(({accuracy}) => accuracy))
    const {easy, medium, hard} = own[0].cells
    expect(linesOf([...elsewhere, ...own])).toEqual([easy, medium, hard].map((cell) => [cell!.accuracy]))
    expect(linesOf(elsewhere)).toEqual([[], [], []])
    const mixed = points.map((point, i) => (i === 0 ? {...point, benchmark: 'other'} : point))
    expect(linesOf([...elsewhere, ...own], mixed)).toEqual([[], [], []])
  })

  it('is of what the points of a sweep were evaluated on, trained in its folder or before', async () => {
    const inputs = {'settings of the prepared data': 's'}
    const trained = {train: {objective: 'rpt'}, data: {dir: '/a'}}
    const sweep = join(root, 'sweep')
    const [own, before] = [join(sweep, 'runs', 'own'), join(root, 'before')]
    for (const path of [own, before]) begin(path, 'train', trained, {...inputs, model: path})
    const noted = Object.fromEntries([own, before].map((path) => [inputOfPoint(basename(path)), identityHash(path)!]))
    begin(sweep, 'scaling-sweep', {sweep: {runs: [before]}}, {...noted, [inputOfPoint('gone')]: 'hash'})
    const row = {
      ...nullsOf(sweepTable),
      point: '{}',
      mode: 'reasoning' as const,
      split: 'hard',
      accuracy: 0.5,
      ci_low: 0.4,
      ci_high: 0.6,
      seed: 0,
    }
    const rows = ['own', 'before', 'gone'].map((run, i) => ({...row, run, step: 1, compute_flops: 1 + i}))
    await writeTable(join(sweep, 'sweep.arrow'), sweepTable, rows)
    const name = nameOf('eval-s', 'eval', {data: {dir: '/b'}}, inputs)
    expect(collectScaling([readRun(sweep)]).map(({benchmark}) => benchmark)).toEqual([name, name, undefined])
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
