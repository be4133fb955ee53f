import {readdirSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {metricsTable, openStream, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import type {Progress} from '../../../src/core/util/progress.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

beforeAll(async () => {
  workspace = await toyWorkspace()
})

/** One context of two completions a step: more than half of the steps carry no signal. */
const sparse = ['grpo.groupSize=2', 'grpo.contextsPerStep=1', 'checkpoint.every=1', 'checkpoint.keepLast=20']
const at = (...names: string[]) => join(workspace.folder, ...names)
const metricsOf = (run: string) => readTable(at(run, 'metrics.arrow'), metricsTable)

function stateAfter(run: string, step: number): string[] {
  const folder = at(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`)
  return ['model.safetensors', 'optimizer.safetensors'].map((file) =>
    readFileSync(join(folder, file)).toString('base64'),
  )
}

describe('a step without signal', () => {
  const steps = 10

  it('moves neither weights nor moments nor the count of updates, and its row says so', async () => {
    const {updates} = await train(toyConfig(workspace, 'sparse', [...sparse, `train.steps=${steps}`]), toyServices())
    const rows = metricsOf('sparse')
    expect(new Set(rows.map((row) => row['rpt/updates']))).toEqual(new Set([0, 1]))
    expect(updates).toBe(rows.filter((row) => row['rpt/updates'] === 1).length)
    const computed = ['loss', 'grad_norm', 'entropy', 'rpt/clip_fraction', 'rpt/logprob_mismatch_max'] as const
    for (const row of rows) {
      const isSkipped = row.frac_reward_zero_std === 1
      expect(row['rpt/updates'], `step ${row.step}`).toBe(Number(!isSkipped))
      for (const name of computed) expect(row[name] === null, name).toBe(isSkipped)
      expect(row['rpt/flops_update']! > 0).toBe(!isSkipped)
      expect(row['rpt/flops_generation']).toBeGreaterThan(0)
      // The schedule goes by steps, taken or not.
      expect(row.learning_rate).toBe(0.001)
      if (row.step === 1) continue
      expect(stateAfter('sparse', row.step).join() === stateAfter('sparse', row.step - 1).join()).toBe(isSkipped)
    }
  })

  it('lets a run resume from it to the same bits', async () => {
    const skipped = metricsOf('sparse').findLast((row) => row['rpt/updates'] === 0 && row.step < steps)!.step
    const changes = (count: number) => toyConfig(workspace, 'resumed', [...sparse, `train.steps=${count}`])
    await train(changes(skipped), toyServices())
    const {updates} = await train(changes(steps), toyServices({resume: true}))
    const [whole, resumed] = await Promise.all(['sparse', 'resumed'].map((run) => runContents(at(run), steps)))
    for (const name of Object.keys(whole)) expect(resumed[name] === whole[name], name).toBe(true)
    expect(updates).toBe(metricsOf('sparse').filter((row) => row['rpt/updates'] === 1).length)
  })

  it('is told apart per mini-batch', async () => {
    const changes = ['grpo.groupSize=2', 'grpo.contextsPerStep=4', 'grpo.miniBatches=4', 'train.steps=4']
    await train(toyConfig(workspace, 'mini', changes), toyServices())
    const counts = metricsOf('mini').map((row) => {
      const live = Math.round(4 * (1 - row.frac_reward_zero_std!))
      expect(row['rpt/updates']).toBe(live)
      return live
    })
    expect(counts.some((count) => count > 0 && count < 4)).toBe(true)
  })

  it('still learns from the entropy term', async () => {
    const changes = ['rollout.maxTokens=1', 'grpo.entropyCoef=0.1', 'train.steps=1']
    const lines: string[] = []
    const {updates, metrics} = await train(toyConfig(workspace, 'entropy', changes), toyServices({}, lines))
    expect(lines.join()).toMatch(/weights moved by the KL, entropy and next-token terms alone: none of 4 groups/)
    expect([updates, metrics!.frac_reward_zero_std]).toEqual([1, 1])
    expect(metrics!.grad_norm).toBeGreaterThan(0)
  })
})

it('a run that never found signal says so while it runs and at its end, and keeps its weights', async () => {
  const lines: string[] = []
  const notes: string[] = []
  const services = toyServices({}, lines)
  const stage = {advance: (_: number, note?: string) => void notes.push(note ?? ''), note() {}, done() {}}
  const progress: Progress = {...services.progress, stage: () => stage}
  const config = toyConfig(workspace, 'unmoved', ['rollout.maxTokens=1', 'train.steps=3'])
  const {updates} = await train(config, {...services, progress})
  expect(updates).toBe(0)
  expect(notes.map((note) => /no signal yet in \d steps/.exec(note)?.[0])).toEqual(
    [1, 2, 3].map((count) => `no signal yet in ${count} steps`),
  )
  expect(lines.filter((line) => line.includes('weights are those of the start'))).toEqual([
    expect.stringMatching(
      /none of 12 groups .*\(mean 0\.000\)\. 100% of completions are truncated: raise rollout\.maxTokens/,
    ),
  ])
  const weights = readFileSync(at('unmoved', 'checkpoints', 'step-000003', 'model.safetensors'))
  expect(weights.equals(readFileSync(join(workspace.base, 'model.safetensors')))).toBe(true)
  // One that did says nothing of the kind.
  const others: string[] = []
  await train(toyConfig(workspace, 'moved', ['train.steps=3']), toyServices({}, others))
  expect(others.join()).not.toMatch(/weights are those of the start/)
})

it('a resumed run does not say that it found no signal yet, where it had some before', async () => {
  const settings = ['rollout.maxTokens=1', 'train.steps=1']
  await train(toyConfig(workspace, 'had-signal', settings), toyServices())
  const [row] = metricsOf('had-signal')
  rmSync(at('had-signal', 'metrics.arrow'))
  const metrics = await openStream(at('had-signal', 'metrics.arrow'), metricsTable)
  await metrics.append({...row, 'rpt/rollouts_per_kept_group': 8})
  await metrics.close()
  const notes: string[] = []
  const services = toyServices({resume: true})
  const stage = {advance: (_: number, note?: string) => void notes.push(note ?? ''), note() {}, done() {}}
  const config = toyConfig(workspace, 'had-signal', [...settings, 'train.steps=2'])
  await train(config, {...services, progress: {...services.progress, stage: () => stage}})
  expect(notes).toEqual([expect.stringMatching(/^reward 0\.000, length 1\.0$/)])
})

it('plain training on rows without a target says the same', async () => {
  const lines: string[] = []
  const {train: settings, ...others} = toyConfig(workspace, 'no-targets', ['train.objective=ntp', 'train.steps=2'])
  // The schema refuses it: a row of one token has nothing to predict.
  const config = {...others, train: {...settings, maxRowTokens: 1}}
  const {updates, metrics} = await train(config, toyServices({}, lines))
  expect([updates, metrics!.loss, metrics!['rpt/flops_update']]).toEqual([0, null, 0])
  expect(lines.join('\n')).toMatch(/weights are those of the start: no row of 2 steps .*; raise train\.maxRowTokens/)
})

it.each([
  ['prompt.maxTokens', ['prompt.maxTokens=5'], /prompt\.maxTokens is 5/],
  ["the model's positions", ['rollout.maxTokens=250'], /of the model's 256 positions rollout\.maxTokens takes 250/],
])('context that prompts lose to %s is counted and said once', async (_, changes, reason) => {
  const run = `cut-${changes.join()}`
  const lines: string[] = []
  await train(
    toyConfig(workspace, run, ['train.steps=2', 'rollout.contextsPerBatch=1', ...changes]),
    toyServices({}, lines),
  )
  const said = lines.filter((line) => line.includes('context from the left'))
  expect(said).toEqual([expect.stringMatching(reason)])
  const lost = readdirSync(at(run, 'rollouts')).flatMap((file) => readTable(at(run, 'rollouts', file), rolloutsTable))
  // Start token and <think> stand around the context, whose own start token is not repeated.
  for (const {position, prompt_ids, cut_tokens} of lost) expect(prompt_ids.length - 2 + cut_tokens).toBe(position - 1)
  const first = lost.find(({cut_tokens}) => cut_tokens > 0)!
  expect(said[0]).toContain(
    `${first.doc_id} position ${first.position} lost ${first.cut_tokens} of ${first.position} tokens`,
  )
  for (const row of metricsOf(run)) {
    const own = lost.filter(({step, sample}) => step === row.step && sample === 0)
    expect(row['rpt/cut_prompts']).toBe(own.filter(({cut_tokens}) => cut_tokens > 0).length / own.length)
  }
})
