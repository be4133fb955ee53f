import {existsSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {rewardNames} from '../../../src/core/config/names.js'
import {metricsTable, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {readTensors} from '../../support/read-tensors.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
beforeAll(async () => {
  workspace = await toyWorkspace()
})

const config = (out: string, changes: readonly string[]) =>
  toyConfig(workspace, out, ['checkpoint.every=1', ...changes])
/** So warm that thoughts of one group differ. */
const varied = ['reward.terms=information-gain', 'rollout.temperature=2', 'optim.learningRate=0.01']
const rolloutsOf = (out: string, step: number) =>
  readTable(join(workspace.folder, out, 'rollouts', `step-00000${step}.arrow`), rolloutsTable)

describe('every reward', () => {
  it.each(rewardNames)(
    '%s trains alone and with no other setting, and stands in reward_parts and metrics',
    async (name) => {
      const {metrics} = await train(config(`alone-${name}`, ['train.steps=1', `reward.terms=${name}`]), toyServices())
      expect(metrics![`rewards/${name}/mean`]).toBeCloseTo(metrics!.reward!, 12)
      for (const {reward, reward_parts} of rolloutsOf(`alone-${name}`, 1)) {
        expect(Object.keys(reward_parts)).toEqual([name])
        expect(reward).toBeCloseTo(reward_parts[name], 6)
        expect(Number.isFinite(reward)).toBe(true)
      }
    },
  )
})

describe('a reward that asks the model', () => {
  it('dense pays a wrong letter its probability without a thought, so that letters of one group differ in no other way', async () => {
    await train(config('dense', ['train.steps=1', 'reward.terms=dense', 'grpo.groupSize=8']), toyServices())
    const rows = rolloutsOf('dense', 1).filter(({prediction}) => prediction !== null && prediction.length > 0)
    const wrong = rows.filter(({reward}) => reward < 1)
    expect(wrong.length).toBeGreaterThan(0)
    for (const {reward} of wrong) expect(reward).toBeGreaterThan(0)
    const earned = new Map<string, number>()
    for (const {group, prediction, reward} of rows) {
      const name = `${group} ${Buffer.from(prediction!)}`
      expect(earned.get(name) ?? reward).toBe(reward)
      earned.set(name, reward)
    }
  })

  it('resumes bit for bit, the moving average with it', async () => {
    const settings = [...varied, 'reward.average.tau=0.5']
    await train(config('whole', [...settings, 'train.steps=3']), toyServices())
    await train(config('halves', [...settings, 'train.steps=2']), toyServices())
    await train(config('halves', [...settings, 'train.steps=3']), toyServices({resume: true}))
    const [whole, halves] = await Promise.all(
      ['whole', 'halves'].map((run) => runContents(join(workspace.folder, run), 3)),
    )
    expect(Object.keys(whole)).toContain('average.safetensors')
    const updates = readTable(join(workspace.folder, 'whole', 'metrics.arrow'), metricsTable).map(
      (row) => row['rpt/updates'],
    )
    expect(updates.slice(0, 2)).toEqual([1, 1])
    for (const name of Object.keys(whole)) expect(halves[name] === whole[name], name).toBe(true)
  })

  it('does not resume without the average', async () => {
    const settings = [...varied, 'train.steps=1']
    await train(config('lacking', settings), toyServices())
    rmSync(join(workspace.folder, 'lacking', 'checkpoints', 'step-000001', 'average.safetensors'))
    const further = train(config('lacking', [...settings, 'train.steps=2']), toyServices({resume: true}))
    await expect(further).rejects.toThrow(/none of the 1 checkpoints of .*lacking/)
  })

  it('keeps an average that follows the weights slowly', async () => {
    const settings = [...varied, 'reward.average.tau=0.75']
    await train(config('average', [...settings, 'train.steps=1']), toyServices())
    const folder = join(workspace.folder, 'average', 'checkpoints', 'step-000001')
    const [base, now, average] = [join(workspace.base), folder, folder].map((place, i) =>
      readTensors(join(place, i === 2 ? 'average.safetensors' : 'model.safetensors')),
    )
    const [row] = readTable(join(workspace.folder, 'average', 'metrics.arrow'), metricsTable)
    expect(row['rpt/updates']).toBe(1)
    for (const [name, {data}] of average) {
      const expected = data.map((_, i) => 0.75 * base.get(name)!.data[i] + 0.25 * now.get(name)!.data[i])
      for (const [i, value] of data.entries()) expect(value).toBeCloseTo(expected[i], 6)
    }
  })

  it('leaves no average where no term asks it', async () => {
    await train(config('none', ['train.steps=1']), toyServices())
    expect(existsSync(join(workspace.folder, 'none', 'checkpoints', 'step-000001', 'average.safetensors'))).toBe(false)
    expect(readFileSync(join(workspace.folder, 'none', 'config.resolved.yaml'), 'utf8')).toContain('terms: null')
  })
})
