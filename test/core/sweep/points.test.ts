import {copyFileSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import type {Config} from '../../../src/core/config/schema.js'
import {sweepPoints} from '../../../src/core/sweep/points.js'
import {UsageError} from '../../../src/core/util/errors.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

const folder = temporaryFolder()

beforeAll(() => {
  mkdirSync(join(folder, 'base'))
  writeFileSync(
    join(folder, 'train.yaml'),
    'data: {dir: data}\nmodel: {path: base}\ntrain: {objective: ntp, steps: 4}\ncheckpoint: {steps: [1, 2, 4]}\n',
  )
})

function config(out: string, changes: readonly string[] = []): Config {
  const sets = ['sweep.train=train.yaml', `out=${out}`, 'sweep.axes={seed: [0, 1]}', ...changes]
  return loadConfig({sets, cwd: folder}).config
}

describe('points of a sweep', () => {
  it('are all combinations of the axes, keys sorted, the last fastest', () => {
    const points = sweepPoints(config('points', ['sweep.axes={train.steps: [1, 2], seed: [3, 4]}']))
    expect(points.map(({name}) => name)).toEqual([
      'seed=3,train.steps=1',
      'seed=3,train.steps=2',
      'seed=4,train.steps=1',
      'seed=4,train.steps=2',
    ])
    expect(points[2].config).toMatchObject({seed: 4, train: {steps: 1, objective: 'ntp'}})
    expect(JSON.parse(points[2].json)).toEqual({seed: 4, 'train.steps': 1})
    expect(new Set(points.map((point) => point.config.out)).size).toBe(4)
  })

  it('without axes are the training config itself', () => {
    expect(sweepPoints(config('points', ['sweep.axes={}'])).map(({name}) => name)).toEqual(['base'])
  })

  it('have short names of plain letters that differ, also where case and signs do not count', () => {
    const values = [
      'bare',
      'x/a{context}',
      'x_a{context}',
      'X_a{context}',
      `{context}${'ab '.repeat(90)}`,
      '{context}..',
      '{context}é',
    ]
    const named = (templates: readonly string[]) =>
      sweepPoints(config('points', [`sweep.axes=${JSON.stringify({'prompt.template': templates})}`])).map(
        ({name}) => name,
      )
    const names = named(values)
    expect(names[0]).toBe('prompt.template=bare')
    for (const name of names) expect(name).toMatch(/^[\w.,=+-]{1,80}$/)
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(values.length)
    expect(named(values.toReversed())).toEqual(names.toReversed())
  })

  it('take their values as they are, whatever YAML would make of them', () => {
    const points = sweepPoints(config('points', ['sweep.axes={data.subset: ["null", "1", " a: #b"]}']))
    expect(points.map((point) => point.config.data.subset)).toEqual(['null', '1', ' a: #b'])
    expect(points[0].sources.get('data.subset')).toBe('sweep.axes')
    // Windows drops a dot at the end of a name.
    const [{name}] = sweepPoints(config('points', ['sweep.axes={data.subset: [a.]}']))
    expect(name).toMatch(/^data\.subset=a.*[^.]$/)
  })

  it('take paths as the training config names them, relative to its folder', () => {
    mkdirSync(join(folder, 'configs'))
    copyFileSync(join(folder, 'train.yaml'), join(folder, 'configs', 'train.yaml'))
    const changes = ['sweep.train=configs/train.yaml', 'sweep.axes={model.path: [../base]}']
    const [{config: of}] = sweepPoints(config('points', changes))
    expect([of.model.path, of.data.dir]).toEqual([join(folder, 'base'), join(folder, 'configs', 'data')])
  })

  it.each(['{seed: [1, 2, 1]}', '{optim.learningRate: [1e-3, 0.001]}', '{model.path: [base, ./base]}'])(
    'that mean the same are refused: %s',
    (axes) => {
      expect(() => sweepPoints(config('points', [`sweep.axes=${axes}`]))).toThrow(/have the same settings/)
    },
  )

  it.each([
    ['eval.limit', '[5, 10]', 'evaluated with the settings of the sweep'],
    ['out', '[a]', 'written below the folder of the sweep'],
  ])('by %s are refused: it is the same for all', (key, values, why) => {
    expect(() => sweepPoints(config('points', [`sweep.axes={${key}: ${values}}`]))).toThrow(
      new RegExp(`^scaling-sweep: sweep\\.axes names ${key}, but .*${why}$`),
    )
  })

  it('do not exist without a training config', () => {
    expect(() => sweepPoints({...config('points'), sweep: {...config('points').sweep, train: undefined}})).toThrow(
      UsageError,
    )
  })
})
