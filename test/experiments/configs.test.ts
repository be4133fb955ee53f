import {readdirSync} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {loadConfig} from '../../src/core/config/load.js'
import {sweepPoints} from '../../src/core/sweep/points.js'

const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'experiments')
const files = readdirSync(folder, {recursive: true, encoding: 'utf8'})
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => join(folder, name))
  .toSorted()
const ofKind = (start: string) => files.filter((file) => basename(file).startsWith(start))
const load = (file: string) => loadConfig({files: [file], cwd: folder}).config

describe('the configs of the experiments', () => {
  it.each(files)('%s holds nothing but known keys with values that pass', (file) => {
    expect(load(file).out).toBeDefined()
  })

  it('prepare, train and evaluate one folder each, in that order', () => {
    const outs = (start: string) => new Map(ofKind(start).map((file) => [dirname(file), load(file).out]))
    const prepared = outs('prepare')
    expect(prepared.size).toBeGreaterThanOrEqual(4)
    for (const file of [...ofKind('train'), ...ofKind('eval')])
      expect(load(file).data.dir, file).toBe(prepared.get(dirname(file)))
    for (const file of ofKind('eval').filter((name) => outs('train.yaml').has(dirname(name))))
      expect(load(file).eval.models, file).toContain(outs('train.yaml').get(dirname(file)))
  })

  it('ask of the policy in an evaluation what it was trained to do', () => {
    const trainings = new Map(ofKind('train.yaml').map((file) => [dirname(file), load(file)]))
    for (const file of ofKind('eval').filter((name) => trainings.has(dirname(name)))) {
      const [before, after] = [trainings.get(dirname(file))!, load(file)]
      expect([after.prompt, after.rollout.maxTokens], file).toEqual([before.prompt, before.rollout.maxTokens])
    }
  })

  it.each(ofKind('sweep'))('%s evaluates steps whose checkpoints its runs keep, as the training beside it', (file) => {
    const {sweep, eval: evaluation} = load(file)
    for (const {config} of sweepPoints(load(file))) {
      const kept = [...config.checkpoint.steps, config.train.steps]
      expect(kept).toEqual(expect.arrayContaining([...sweep.checkpoints]))
      expect(Math.max(...kept), file).toBe(config.train.steps)
    }
    const beside = ofKind('eval').find((name) => dirname(name) === dirname(file))
    if (beside) expect(evaluation.limit, file).toBe(load(beside).eval.limit)
  })

  it("the paper's scaling study: its steps, in one run with the settings of its main run", () => {
    const [point, ...others] = sweepPoints(load(join(folder, 'omni-math', 'sweep.yaml')))
    expect(others).toEqual([])
    const {out: _, train, ...settings} = point.config
    const {out: __, train: mainTrain, ...main} = load(join(folder, 'omni-math', 'train.yaml'))
    expect(settings).toEqual(main)
    expect(train).toEqual({...mainTrain, steps: 1200})
    expect(load(join(folder, 'omni-math', 'sweep.yaml')).sweep.checkpoints).toEqual([100, 200, 400, 800, 1000, 1200])
  })
})
