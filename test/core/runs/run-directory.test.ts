import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import type * as Files from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {beforeAll, beforeEach, describe, expect, it, vi} from 'vitest'
import {checkOutput, outputKinds, temporaryName} from '../../../src/core/files/index.js'
import {pruneCheckpoints} from '../../../src/core/runs/run-checkpoints.js'
import {RunDirectory} from '../../../src/core/runs/run-directory.js'
import {train} from '../../../src/core/training/train.js'
import {RuntimeFailure} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

/** Stands for the process being killed: the name of a file that cannot be removed. */
const kill = vi.hoisted(() => ({at: ''}))
vi.mock('node:fs/promises', async (load) => {
  const real = await load<typeof Files>()
  const rm: typeof Files.rm = async (path, options) => {
    if (kill.at !== '' && String(path).endsWith(kill.at)) throw new Error('killed')
    await real.rm(path, options)
  }
  return {...real, default: {...real, rm}, rm}
})

/** An id that no process has: Linux ends below. */
const deadPid = 2 ** 22 + 1
const steps = ['train.objective=rpt', 'train.steps=3', 'checkpoint.every=1', 'checkpoint.keepLast=3']
let workspace: ToyWorkspace
const at = (...parts: string[]) => join(workspace.folder, ...parts)
const configOf = (out: string) => toyConfig(workspace, out, steps)

beforeAll(async () => {
  workspace = await toyWorkspace()
  await train(configOf('whole'), toyServices())
})
beforeEach(() => {
  kill.at = ''
})

/** Trains, and does something to the folder once the first step is saved. */
function trainUntil(out: string, act: () => void): Promise<unknown> {
  let isDone = false
  const advance = () => {
    if (!isDone && existsSync(at(out, 'checkpoints', 'step-000001'))) act()
    isDone ||= !existsSync(at(out, 'checkpoints', 'step-000001'))
  }
  const stage = () => ({...silentProgress.stage(''), advance})
  return train(configOf(out), toyServices({progress: {...silentProgress, stage}}))
}

describe('a run whose folder goes away while it trains stops, and writes nothing where the folder was', () => {
  it('moved: it goes on from there', async () => {
    const lost = trainUntil('here', () => renameSync(at('here'), at('there')))
    await expect(lost).rejects.toThrow(RuntimeFailure)
    await expect(lost).rejects.toThrow(/here was moved, removed or taken over while the run went on: run.lock is gone/)
    expect(existsSync(at('here'))).toBe(false)
    // Its process, this one, lives on.
    rmSync(at('there', 'run.lock'))
    await train(configOf('there'), toyServices({resume: true}))
    expect(await runContents(at('there'), 3)).toEqual(await runContents(at('whole'), 3))
  })

  it('removed, and made again by another process', async () => {
    const others = {'run.json': '{"rpt": "run"}', 'run.lock': `{"pid": ${process.ppid}}`}
    const lost = trainUntil('twice', () => {
      rmSync(at('twice'), {recursive: true})
      mkdirSync(at('twice'))
      for (const [name, text] of Object.entries(others)) writeFileSync(at('twice', name), text)
    })
    await expect(lost).rejects.toThrow('or another process')
    const left = readdirSync(at('twice')).map((name) => [name, readFileSync(at('twice', name), 'utf8')])
    expect(Object.fromEntries(left)).toEqual(others)
  })
})

it('a run that another process has is refused before anything of it is read', async () => {
  cpSync(at('whole'), at('busy'), {recursive: true})
  writeFileSync(at('busy', 'run.lock'), JSON.stringify({pid: process.ppid, start: null, host: hostname()}))
  // The other process removes what this one would look for.
  rmSync(at('busy', 'checkpoints'), {recursive: true})
  const resumed = train(configOf('busy'), toyServices({resume: true}))
  await expect(resumed).rejects.toThrow(`${at('busy', 'run.lock')}: locked by process ${process.ppid}`)
})

describe('a process that is killed', () => {
  it('while --overwrite removes a run leaves one that --overwrite still knows', async () => {
    cpSync(at('whole'), at('replaced'), {recursive: true})
    kill.at = 'summary.json'
    const services = toyServices({overwrite: true})
    await expect(RunDirectory.open(at('replaced'), configOf('replaced'), services)).rejects.toThrow('killed')
    expect(existsSync(at('replaced', 'metrics.arrow'))).toBe(false)
    expect(checkOutput(configOf('replaced'), outputKinds.run, services)).toBe('ours')
  })

  it('while a checkpoint is removed leaves none that is half there', async () => {
    cpSync(at('whole'), at('pruned'), {recursive: true})
    kill.at = temporaryName('')
    const {checkpoint} = configOf('pruned')
    await expect(pruneCheckpoints(at('pruned'), 3, {...checkpoint, keepLast: 2})).rejects.toThrow('killed')
    const names = () => readdirSync(at('pruned', 'checkpoints')).sort()
    expect(names()).toEqual([expect.stringMatching(/^step-000001\.rpt-tmp-/), 'step-000002', 'step-000003'])
    kill.at = ''
    const run = await RunDirectory.open(at('pruned'), configOf('pruned'), toyServices({resume: true}))
    await run.close()
    expect(names()).toEqual(['step-000002', 'step-000003'])
  })

  it('leaves nothing half-written in any folder of a run, once the run goes on', async () => {
    const half = ['predictions/base/step-000001.arrow', 'failed/step-000001.arrow', 'eval/step-000001.arrow']
    for (const name of half) {
      mkdirSync(at('whole', name, '..'), {recursive: true})
      writeFileSync(at('whole', `${name}.rpt-tmp-${deadPid}`), '')
    }
    const run = await RunDirectory.open(at('whole'), configOf('whole'), toyServices({resume: true}))
    await run.close()
    expect(readdirSync(at('whole'), {recursive: true}).filter((name) => String(name).includes('rpt-tmp'))).toEqual([])
  })
})
