import {cpSync, existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {checkpointFolder, checkpointSteps} from '../../../src/core/runs/run-checkpoints.js'
import {metricsTable, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {Interrupted, NumericError, RuntimeFailure, UsageError} from '../../../src/core/util/errors.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

beforeAll(async () => {
  workspace = await toyWorkspace()
})

const evaluated = ['eval.every=2', 'eval.modes=[standard,reasoning]', 'eval.limit=4', 'eval.bootstraps=20']
const columns = (run: string) => readTable(join(workspace.folder, run, 'metrics.arrow'), metricsTable)

/** Trains until `steps` metrics rows are there, then asks to stop. */
async function interrupted(out: string, steps: number, changes: readonly string[]): Promise<unknown> {
  const stop = new AbortController()
  const services = toyServices({signal: stop.signal})
  const stage = {
    advance: () => {
      if (columns(out).length >= steps) stop.abort()
    },
    note() {},
    done() {},
  }
  const progress = {...services.progress, stage: () => stage}
  return train(toyConfig(workspace, out, changes), {...services, progress}).catch((error: unknown) => error)
}

describe.each([
  ['rpt', ['train.objective=rpt', 'train.steps=4', ...evaluated]],
  ['ntp', ['train.objective=ntp', 'train.steps=4', 'eval.every=2', 'eval.modes=[standard]', 'eval.bootstraps=20']],
])('objective %s', (objective, changes) => {
  it('gives the same weights and tables twice, in every column but those of the clock', async () => {
    for (const run of ['a', 'b']) await train(toyConfig(workspace, `${objective}-${run}`, changes), toyServices())
    const [a, b] = await Promise.all(
      ['a', 'b'].map((run) => runContents(join(workspace.folder, `${objective}-${run}`), 4)),
    )
    expect(Object.keys(a).length).toBeGreaterThan(4)
    if (objective === 'rpt') expect(columns('rpt-a').every((row) => row.grad_norm! > 0 && row.reward! > 0)).toBe(true)
    for (const name of Object.keys(a)) expect(a[name] === b[name], name).toBe(true)
  })

  it('gives other weights with another seed', async () => {
    await train(toyConfig(workspace, `${objective}-c`, [...changes, 'seed=1']), toyServices())
    const [a, c] = await Promise.all(
      ['a', 'c'].map((run) => runContents(join(workspace.folder, `${objective}-${run}`), 4)),
    )
    expect(a['model.safetensors'] === c['model.safetensors']).toBe(false)
  })

  it('saves and stops when asked to, and goes on to the same end', async () => {
    const error = await interrupted(`${objective}-stopped`, 1, changes)
    expect(error).toBeInstanceOf(Interrupted)
    const [, step] = /^train: step ([123]) of 4 is done and saved$/.exec((error as Error).message)!
    expect(await checkpointSteps(join(workspace.folder, `${objective}-stopped`))).toContain(Number(step))
    await train(toyConfig(workspace, `${objective}-stopped`, changes), toyServices({resume: true}))
    const [a, b] = await Promise.all(
      ['a', 'stopped'].map((run) => runContents(join(workspace.folder, `${objective}-${run}`), 4)),
    )
    for (const name of Object.keys(a)) expect(a[name] === b[name], name).toBe(true)
  })
})

describe('documents longer than a row', () => {
  const settings = ['train.objective=ntp', 'train.steps=1']
  it('are cut, and it is said once how many and how much of them is left out', async () => {
    const lines: string[] = []
    const config = toyConfig(workspace, 'cut', [...settings, 'train.maxRowTokens=8'])
    const {cut_documents: cuts} = await train(config, toyServices({}, lines))
    const {documents} = await openPrepared(workspace.data)
    const lengths = Array.from(documents.in('train').lengths, (length) => length + 1)
    const left = lengths.map((length) => Math.max(0, length - 8))
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
    expect(cuts).toEqual({
      cut: left.filter((count) => count > 0).length,
      of: lengths.length,
      tokens_left_out: sum(left),
      share_left_out: sum(left) / sum(lengths),
      row_tokens: 8,
    })
    expect(cuts!.cut).toBeGreaterThan(0)
    expect(lines.filter((line) => /are longer than a row of 8 tokens and are cut at the end/.test(line))).toHaveLength(
      1,
    )
  })

  it('are none where all fit', async () => {
    const lines: string[] = []
    const {cut_documents: cuts} = await train(toyConfig(workspace, 'uncut', settings), toyServices({}, lines))
    expect(cuts).toBeNull()
    expect(lines.filter((line) => /are cut/.test(line))).toEqual([])
  })
})

describe('a run', () => {
  const rpt = ['train.objective=rpt', 'train.steps=4', ...evaluated]
  const resume = (changes: readonly string[], lines: string[] = []) =>
    train(toyConfig(workspace, 'rpt-a', changes), toyServices({resume: true}, lines))

  it('that is complete says so when resumed and changes nothing', async () => {
    const lines: string[] = []
    const before = await runContents(join(workspace.folder, 'rpt-a'), 4)
    const {metrics} = await resume(rpt, lines)
    expect(lines).toContain('already complete at step 4')
    expect(metrics?.step).toBe(4)
    expect(await runContents(join(workspace.folder, 'rpt-a'), 4)).toEqual(before)
  })

  it('that a kill left with more checkpoints than it keeps drops them when it goes on, though it is complete', async () => {
    const changes = ['train.objective=ntp', 'train.steps=2', 'checkpoint.every=1', 'checkpoint.keepLast=1']
    await train(toyConfig(workspace, 'pruned', changes), toyServices())
    const out = join(workspace.folder, 'pruned')
    cpSync(checkpointFolder(out, 2), checkpointFolder(out, 1), {recursive: true})
    const lines: string[] = []
    await train(toyConfig(workspace, 'pruned', changes), toyServices({resume: true}, lines))
    expect(await checkpointSteps(out)).toEqual([2])
    expect(lines).toContain('train: removed step-000001: checkpoint.keepLast is 1')
  })

  it('that has gone further than it is asked for is refused, and changes nothing', async () => {
    const before = await runContents(join(workspace.folder, 'rpt-a'), 4)
    const fewer = resume([...rpt, 'train.steps=3'])
    await expect(fewer).rejects.toThrow(UsageError)
    await expect(fewer).rejects.toThrow(/train\.steps is 3, but .*rpt-a has a checkpoint of step 4/)
    expect(await runContents(join(workspace.folder, 'rpt-a'), 4)).toEqual(before)
  })

  it('is refused in an occupied directory and with changed settings', async () => {
    const again = train(toyConfig(workspace, 'rpt-a', rpt), toyServices())
    await expect(again).rejects.toThrow(UsageError)
    await expect(again).rejects.toThrow(/rpt-a is not empty/)
    const changed = resume([...rpt, 'optim.learningRate=0.5'])
    await expect(changed).rejects.toThrow(UsageError)
    await expect(changed).rejects.toThrow(/optim.learningRate was 0.001 and is 0.5/)
  })

  it('passes over a checkpoint that was damaged, with a warning, and comes to the same end', async () => {
    const changes = [...rpt, 'checkpoint.every=2']
    await train(toyConfig(workspace, 'damaged', changes), toyServices())
    const expected = await runContents(join(workspace.folder, 'damaged'), 4)
    const file = join(workspace.folder, 'damaged', 'checkpoints', 'step-000004', 'model.safetensors')
    const bytes = readFileSync(file)
    bytes[bytes.length - 1] ^= 1
    writeFileSync(file, bytes)
    const lines: string[] = []
    await train(toyConfig(workspace, 'damaged', changes), toyServices({resume: true}, lines))
    expect(lines.join('\n')).toMatch(/checkpoint is skipped: .*step-000004.model.safetensors/)
    const actual = await runContents(join(workspace.folder, 'damaged'), 4)
    for (const name of Object.keys(expected)) expect(actual[name] === expected[name], name).toBe(true)
  })

  it('of zero steps is an error unless that is meant', async () => {
    const none = train(toyConfig(workspace, 'none', ['train.steps=0']), toyServices())
    await expect(none).rejects.toThrow(RuntimeFailure)
    await expect(none).rejects.toThrow(/train.steps is 0/)
    expect(existsSync(join(workspace.folder, 'none'))).toBe(false)
    const meant = ['train.steps=0', 'train.allowNoop=true']
    const summary = await train(toyConfig(workspace, 'meant', meant), toyServices())
    expect(summary).toMatchObject({metrics: null, checkpoint: null})
    expect(existsSync(join(workspace.folder, 'meant', 'checkpoints'))).toBe(false)
    const {checkpoint} = await train(toyConfig(workspace, 'one', ['train.steps=1']), toyServices())
    expect(existsSync(join(checkpoint!, 'manifest.json'))).toBe(true)
  })

  it('stops at numbers that are not finite and saves what led to them', async () => {
    const changes = ['train.steps=5', 'optim.learningRate=1e30', 'reward.terms=first-token', 'grpo.entropyCoef=0.1']
    const stopped = await train(toyConfig(workspace, 'blown', changes), toyServices()).catch((error: unknown) => error)
    expect(stopped).toBeInstanceOf(NumericError)
    expect((stopped as NumericError).message).toMatch(/^train: step 2: /)
    const file = join(workspace.folder, 'blown', 'failed', 'step-000002.arrow')
    expect((stopped as NumericError).suggestions.join()).toContain(file)
    const blown = join(workspace.folder, 'blown')
    expect((stopped as NumericError).suggestions).toContain(`look at them: rpt inspect ${blown} --step 2`)
    expect(readTable(file, rolloutsTable)).toHaveLength(16)
    expect(columns('blown').map(({step}) => step)).toEqual([1])
    expect(existsSync(join(workspace.folder, 'blown', 'checkpoints', 'step-000002'))).toBe(false)
  })

  it('saves the rows of a language-model step that failed', async () => {
    const changes = ['train.steps=5', 'train.objective=ntp', 'optim.learningRate=1e30', 'optim.maxGradNorm=1e30']
    const stopped = await train(toyConfig(workspace, 'blown-rows', changes), toyServices()).catch((error) => error)
    expect(stopped).toBeInstanceOf(NumericError)
    const file = join(workspace.folder, 'blown-rows', 'failed', 'step-000002.jsonl')
    expect(stopped.suggestions.join()).toContain(file)
    const rows = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows[0]).toEqual({ids: expect.arrayContaining([expect.any(Number)]), trained_from: 1})
  })

  it('keeps the checkpoints it was told to and the last ones', async () => {
    const changes = [
      'train.steps=6',
      'train.objective=ntp',
      'checkpoint.every=1',
      'checkpoint.steps=[2]',
      'checkpoint.keepLast=2',
    ]
    await train(toyConfig(workspace, 'kept', changes), toyServices())
    const kept = readdirSync(join(workspace.folder, 'kept', 'checkpoints')).sort()
    expect(kept).toEqual(['step-000002', 'step-000005', 'step-000006'])
  })
  it('says which checkpoints it was told to keep that it does not come to', async () => {
    const linesOf = async (out: string, steps: string) => {
      const lines: string[] = []
      const changes = ['train.steps=2', 'train.objective=ntp', `checkpoint.steps=${steps}`]
      await train(toyConfig(workspace, out, changes), toyServices({}, lines))
      return lines.filter((line) => line.includes('checkpoint.steps'))
    }
    expect(await linesOf('beyond', '[0, 1, 2, 3, 50]')).toEqual([
      'checkpoint.steps names 0, 3, 50, but training takes steps 1 to 2 (train.steps): there will be no checkpoint of these',
    ])
    expect(await linesOf('within', '[1, 2]')).toEqual([])
  })
})
