import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {sweepPoints} from '../../../src/core/sweep/points.js'
import {distinctGeneration, withTaskModes} from '../../../src/core/sweep/sweep-settings.js'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-sweep-settings-'))
  writeFileSync(join(folder, 'train.yaml'), 'train: {objective: rlvr}\n')
})

afterAll(() => rmSync(folder, {recursive: true}))

/** Modes that a sweep is evaluated in, and their source. */
function modesOf(...changes: readonly string[]) {
  const sets = ['sweep.train=train.yaml', 'sweep.axes={seed: [0, 1]}', 'out=out', ...changes]
  const loaded = loadConfig({command: 'scaling-sweep', sets, cwd: folder})
  const {config, sources} = withTaskModes(loaded, sweepPoints(loaded.config))
  return [config.eval.modes.join(), sources.get('eval.modes')]
}

describe('modes of a sweep', () => {
  it('are by default those of the task that all points train on', () => {
    expect(modesOf()).toEqual(['reasoning', 'default of questions'])
    expect(modesOf('sweep.axes={train.objective: [rpt]}')).toEqual(['standard,reasoning', 'default'])
    expect(modesOf('sweep.axes={train.objective: [rpt, rlvr]}')).toEqual(['standard,reasoning', 'default'])
    expect(modesOf('sweep.axes={train.objective: [rlvr, rpt]}')).toEqual(['standard,reasoning', 'default'])
  })

  it('are those that are given', () => {
    expect(modesOf('eval.modes=empty-thought')).toEqual(['empty-thought', '--set'])
    expect(modesOf('eval.task=next-token')).toEqual(['standard,reasoning', 'default'])
  })
})

it('models that say the same of sampling are named once', () => {
  const folders = Object.entries({
    a: '{"temperature": 1}',
    b: '{"temperature": 2}',
    c: '{"temperature": 1}',
    d: null,
  }).map(([name, text]) => {
    mkdirSync(join(folder, name))
    if (text !== null) writeFileSync(join(folder, name, 'generation_config.json'), text)
    return join(folder, name)
  })
  expect(distinctGeneration(folders)).toEqual([folders[0], folders[1], folders[3]])
})
