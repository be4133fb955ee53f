import {existsSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {sweep} from '../../../src/core/sweep/sweep.js'
import {Interrupted} from '../../../src/core/util/errors.js'
import {toyServices, toyWorkspace} from '../../support/toy-run.js'

it('a sweep that is asked to stop while a point ends begins no other', async () => {
  const {folder} = await toyWorkspace()
  const at = (...names: string[]) => join(folder, ...names)
  writeFileSync(
    at('train.yaml'),
    'data: {dir: data}\nmodel: {path: base}\nthreads: 1\ncheckpoint: {steps: [1]}\ntrain: {steps: 1, batchRows: 4, objective: ntp}\n',
  )
  const sets = ['sweep.train=train.yaml', 'sweep.axes={seed: [0, 1]}', 'out=stopped', 'threads=1']
  const {config} = loadConfig({sets: [...sets, 'eval.modes=[standard]'], cwd: folder})
  const stop = new AbortController()
  const services = toyServices({command: 'scaling-sweep', signal: stop.signal})
  const stage: typeof services.progress.stage = (name, ...more) => ({
    ...services.progress.stage(name, ...more),
    // The last step of the first point is done.
    done: () => name.startsWith('train') && stop.abort(),
  })
  const stopped = sweep(config, {...services, progress: {...services.progress, stage}})
  await expect(stopped).rejects.toBeInstanceOf(Interrupted)
  await expect(stopped).rejects.toThrow('stopped before seed=1; the points before it are trained')
  expect(existsSync(at('stopped', 'runs', 'seed=0', 'summary.json'))).toBe(true)
  expect(existsSync(at('stopped', 'runs', 'seed=1'))).toBe(false)
})
