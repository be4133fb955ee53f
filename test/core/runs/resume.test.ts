import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {writeFolder} from '../../../src/core/files/index.js'
import {readCompanions} from '../../../src/core/runs/companions.js'
import {pruneCheckpoints} from '../../../src/core/runs/run-checkpoints.js'
import {readTrainerState} from '../../../src/core/runs/trainer-state.js'
import {openTraining} from '../../../src/core/training/open-training.js'
import {train} from '../../../src/core/training/train.js'
import {DataError, UsageError} from '../../../src/core/util/errors.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
const at = (...parts: string[]) => join(workspace.folder, ...parts)
const settings = ['train.objective=rpt', 'train.steps=2', 'checkpoint.every=1', 'checkpoint.keepLast=5']

beforeAll(async () => {
  workspace = await toyWorkspace()
  writeFileSync(at('template.txt'), '{context}<think>')
  await train(toyConfig(workspace, 'whole', settings), toyServices())
})

function copyOf(name: string): string {
  cpSync(at('whole'), at(name), {recursive: true})
  return at(name)
}

const resume = (out: string, changes: readonly string[] = [], lines: string[] = []) =>
  train(toyConfig(workspace, out, [...settings, ...changes]), toyServices({resume: true}, lines))

/** Every file with its content, apart from the lock. */
function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, {recursive: true, withFileTypes: true}).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'base64')]))
}

describe('a run whose checkpoints cannot be used never starts anew by itself', () => {
  it.each<[string, (run: string) => void, RegExp]>([
    [
      'without optimizer',
      (run) => {
        for (const step of ['step-000001', 'step-000002'])
          rmSync(join(run, 'checkpoints', step, 'optimizer.safetensors'))
      },
      /none of the 2 checkpoints of .* can be resumed from: .*step-000002.optimizer.safetensors is missing/,
    ],
    [
      'gone',
      (run) => rmSync(join(run, 'checkpoints'), {recursive: true}),
      /has done 2 steps, but its checkpoints are gone/,
    ],
  ])('%s', async (name, damage, message) => {
    const run = copyOf(name)
    damage(run)
    const before = snapshot(run)
    const again = resume(name, ['train.steps=3'])
    await expect(again).rejects.toThrow(DataError)
    await expect(again).rejects.toThrow(message)
    expect(snapshot(run)).toEqual(before)
  })

  it('unless it was killed before its first checkpoint, and says so', async () => {
    const run = copyOf('early')
    rmSync(join(run, 'checkpoints'), {recursive: true})
    const recorded = join(run, 'config.resolved.yaml')
    writeFileSync(recorded, readFileSync(recorded, 'utf8').replace(/(checkpoint:\n +every:) 1/, '$1 5'))
    const lines: string[] = []
    await resume('early', [], lines)
    expect(lines.join('\n')).toContain('no checkpoint was written before step 2; training begins again at step 1')
    const [whole, early] = await Promise.all([at('whole'), run].map((folder) => runContents(folder, 2)))
    expect(early['metrics.arrow'] === whole['metrics.arrow']).toBe(true)
  })
})

describe('what --resume does is said', () => {
  it('where there is no run', async () => {
    const lines: string[] = []
    await resume('absent', [], lines)
    const said = lines.filter((line) => line.includes('no run yet'))
    expect(said).toEqual([expect.stringMatching(/--resume: .*absent has no run yet; a new one begins/)])
  })

  it('where steps are taken again, and only there', async () => {
    const lines: string[] = []
    rmSync(join(copyOf('again'), 'checkpoints', 'step-000002'), {recursive: true})
    await resume('again', [], lines)
    expect(lines.join('\n')).toContain('continues after step 1; repeats the steps that no checkpoint holds: 1')
    await resume('again', ['train.steps=3'], lines)
    expect(lines.filter((line) => /repeats the steps|a new one begins/.test(line))).toHaveLength(1)
  })

  it.each([
    // 0.001 falls to 0 in 2 steps, or by a quarter at each of 4.
    [
      'linear',
      /^train: the learning rate jumps from 0 at step 2 to 0.00025 at step 3, .*schedule linear now ends at step 4$/,
    ],
    ['constant', null],
  ])('where the learning rate jumps, because a %s schedule has more steps', async (schedule, said) => {
    const scheduled = ['train.objective=ntp', `optim.schedule=${schedule}`, 'optim.finalShare=0']
    const lines: string[] = []
    await resume(`rate-${schedule}`, scheduled, lines)
    await resume(`rate-${schedule}`, scheduled, lines)
    const jumps = () => lines.filter((line) => line.includes('learning rate jumps'))
    expect(jumps()).toEqual([])
    const longer = [...scheduled, 'train.steps=4']
    const config = toyConfig(workspace, `rate-${schedule}`, [...settings, ...longer])
    await openTraining(config, toyServices({resume: true, rehearsal: {note: () => undefined}}, lines))
    await resume(`rate-${schedule}`, longer, lines)
    expect(jumps()).toEqual(said === null ? [] : Array(2).fill(expect.stringMatching(said)))
  })
})

it('a run that another process goes on with before it is locked is left to that process', async () => {
  const run = copyOf('overtaken')
  const last = join(run, 'checkpoints', 'step-000002')
  rmSync(last, {recursive: true})
  const services = toyServices({resume: true})
  let before: Record<string, string> = {}
  const stage = (name: string) => {
    if (name === 'load the model') {
      cpSync(at('whole', 'checkpoints', 'step-000002'), last, {recursive: true})
      before = snapshot(run)
    }
    return services.progress.stage(name)
  }
  const config = toyConfig(workspace, 'overtaken', [...settings, 'train.steps=3'])
  const late = train(config, {...services, progress: {...services.progress, stage}})
  await expect(late).rejects.toThrow(UsageError)
  await expect(late).rejects.toThrow(
    `train: another process went on with ${run} meanwhile: its newest checkpoint was that of step 1 and is that of step 2`,
  )
  expect(snapshot(run)).toEqual(before)
})

it('a run that goes on has no summary until it ends again', async () => {
  copyOf('extended')
  const services = toyServices({resume: true})
  const die = (name: string) => {
    if (name.startsWith('train')) throw new Error('killed')
    return services.progress.stage(name)
  }
  const config = toyConfig(workspace, 'extended', [...settings, 'train.steps=3'])
  const killed = train(config, {...services, progress: {...services.progress, stage: die}})
  await expect(killed).rejects.toThrow('killed')
  expect(existsSync(at('extended', 'summary.json'))).toBe(false)
  await resume('extended', ['train.steps=3'])
  expect(JSON.parse(readFileSync(at('extended', 'summary.json'), 'utf8')).steps).toBe(3)
})

describe('identity is content', () => {
  it('so a run goes on with data and weights at another path, in other micro-batches', async () => {
    copyOf('moved')
    for (const name of ['data', 'base']) cpSync(at(name), at(`${name}-moved`), {recursive: true})
    const paths = [`data.dir=${at('data-moved')}`, `model.path=${at('base-moved')}`]
    const others = [
      'grpo.contextsPerMicroBatch=1',
      'update.mode=segmented',
      'rollout.contextsPerBatch=2',
      'checkpoint.every=3',
    ]
    const {metrics} = await resume('moved', ['train.steps=3', ...paths, ...others])
    expect(metrics?.step).toBe(3)
    expect(readTrainerState(at('moved/checkpoints/step-000003')).updateMode).toBe('segmented')
    const asBegun = toyConfig(workspace, 'moved', [...settings, 'train.steps=3', ...paths])
    const {updateMode} = await openTraining(asBegun, toyServices({resume: true}))
    expect([asBegun.update.mode, updateMode]).toEqual(['auto', 'segmented'])
  })

  it('and other settings or contents are refused by name, and nothing changes', async () => {
    const begun = [`prompt.templateFile=${at('template.txt')}`]
    await train(toyConfig(workspace, 'named', [...settings, ...begun]), toyServices())
    const before = snapshot(at('named'))
    const other = (change: string) => expect(resume('named', [...begun, change]))
    await other('optim.learningRate=0.5').rejects.toThrow(/optim.learningRate was 0.001 and is 0.5/)
    await other('grpo.groupSize=2').rejects.toThrow(UsageError)
    writeFileSync(at('template.txt'), 'So: {context}<think>')
    await other('threads=1').rejects.toThrow(/prompt.templateFile changed/)
    expect(snapshot(at('named'))).toEqual(before)
  })
})

it('every checkpoint is whole though data and model vanish while it trains', async () => {
  const services = toyServices()
  const moves = ['data', 'base'].map((name) => [at(name), at(`${name}-away`)])
  const stage = (name: string) => {
    if (name.startsWith('train')) for (const [from, to] of moves) renameSync(from, to)
    return {advance() {}, note() {}, done() {}}
  }
  await train(toyConfig(workspace, 'vanished', settings), {...services, progress: {...services.progress, stage}})
  for (const [from, to] of moves) renameSync(to, from)
  const checkpoint = (run: string) => readdirSync(at(run, 'checkpoints', 'step-000002')).sort()
  expect(checkpoint('vanished')).toEqual(checkpoint('whole'))
  expect(checkpoint('vanished')).toContain('tokenizer.json')
})

it('a checkpoint has all that stood beside the weights that were loaded, though they are removed while these load', async () => {
  cpSync(at('base'), at('pruned-base'), {recursive: true})
  const beside = ['generation_config.json', 'chat_template.jinja', 'tokenizer.json']
  writeFileSync(at('pruned-base', beside[0]), '{"temperature": 0.5}')
  writeFileSync(at('pruned-base', beside[1]), '{{ messages[0].content }}')
  const services = toyServices()
  const stage = (name: string) => {
    if (name === 'load the model') for (const file of beside) rmSync(at('pruned-base', file), {force: true})
    return services.progress.stage(name)
  }
  const config = toyConfig(workspace, 'of-pruned', [...settings, 'train.steps=1', `model.path=${at('pruned-base')}`])
  await train(config, {...services, progress: {...services.progress, stage}})
  const saved = readdirSync(at('of-pruned', 'checkpoints', 'step-000001'))
  expect(saved).toEqual(expect.arrayContaining(beside))
  expect(() => readCompanions(at('of-pruned'), [at('pruned-base')])).toThrow(
    /no tokenizer\.json is left in .*pruned-base/,
  )
})

it('retention counts whole checkpoints up to the present step', async () => {
  const run = at('retention')
  const fill = async (folder: string) => writeFileSync(join(folder, 'optimizer.safetensors'), 'x')
  for (const step of [1, 2, 3, 4, 5]) {
    mkdirSync(join(run, 'checkpoints'), {recursive: true})
    await writeFolder(join(run, 'checkpoints', `step-00000${step}`), fill)
  }
  writeFileSync(join(run, 'checkpoints', 'step-000003', 'optimizer.safetensors'), '')
  await pruneCheckpoints(run, 4, {steps: [1], keepLast: 1})
  const kept = readdirSync(join(run, 'checkpoints')).sort()
  expect(kept).toEqual(['step-000001', 'step-000003', 'step-000004', 'step-000005'])
  expect(existsSync(join(run, 'checkpoints', 'step-000002'))).toBe(false)
})
