import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {rolloutFlops, updateFlops} from '../../../src/core/models/flops.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {shapeOfModel} from '../../../src/core/objectives/objective.js'
import {metricsTable, type RolloutRow, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {groupBy} from '../../../src/core/util/group-by.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
beforeAll(async () => {
  workspace = await toyWorkspace()
})

/** One step whose entropy term asks for an update whatever the rewards are. */
async function stepOf(out: string, ...changes: string[]) {
  const settings = ['train.steps=1', 'grpo.entropyCoef=0.1', 'grpo.groupSize=2', ...changes]
  await train(toyConfig(workspace, out, settings), toyServices())
  const [row] = readTable(join(workspace.folder, out, 'metrics.arrow'), metricsTable)
  const rollouts = readTable(join(workspace.folder, out, 'rollouts', 'step-000001.arrow'), rolloutsTable)
  return {row, rollouts}
}

/** The rollouts of each group, and lengths from which FLOPs are counted. */
const groupsOf = (rollouts: readonly RolloutRow[]) => [...groupBy(rollouts, ({group}) => group).values()]
const lengthsOf = (groups: readonly (readonly RolloutRow[])[]) =>
  groups.map((rows) => ({
    promptTokens: rows[0].prompt_ids.length,
    completionTokens: rows.map(({completion_ids}) => completion_ids.length),
  }))
const shapeOfBase = async () => shapeOfModel(await readModelConfig(workspace.base))

describe('settings of the loss', () => {
  it('leave completions out of the update that reached rollout.maxTokens, with grpo.maskTruncated', async () => {
    const cut = ['rollout.maxTokens=1', 'grpo.maskTruncated=true']
    const {row, rollouts} = await stepOf('cut', ...cut)
    expect(rollouts.every(({stop_reason}) => stop_reason === 'length')).toBe(true)
    expect(row['rpt/updates']).toBe(0)
    expect((await stepOf('kept', cut[0])).row['rpt/updates']).toBe(1)
  })

  it('count no update of a group whose completions were all left out', async () => {
    const cut = ['grpo.maskTruncated=true', 'rollout.temperature=2', 'grpo.contextsPerStep=8']
    const {row, rollouts} = await stepOf('some-cut', ...cut)
    const groups = groupsOf(rollouts)
    const learned = groups.filter((rows) => rows.some(({stop_reason}) => stop_reason !== 'length'))
    expect(learned.length).toBeGreaterThan(0)
    expect(learned.length).toBeLessThan(groups.length)
    expect(row['rpt/flops_update']).toBe(updateFlops(await shapeOfBase(), lengthsOf(learned)))
  })

  it('train on the negative log-likelihood of right completions alone, with grpo.loss=rejection', async () => {
    const settings = ['grpo.groupSize=4', 'grpo.entropyCoef=0', 'optim.learningRate=0.01']
    const {row, rollouts} = await stepOf('rejection', 'grpo.loss=rejection', ...settings)
    const right = rollouts.filter(({correct}) => correct)
    expect(right.length).toBeGreaterThan(0)
    expect(right.length).toBeLessThan(rollouts.length)
    expect(rollouts.map(({advantage}) => advantage)).toEqual(rollouts.map(({correct}) => Number(correct)))
    const logprobs = right.flatMap(({old_logprobs}) => [...old_logprobs])
    expect(row.loss).toBeCloseTo(-logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length, 5)
    const compared = (await stepOf('compared', ...settings)).row
    expect(row['rpt/flops_generation']).toBe(compared['rpt/flops_generation'])
    expect(row['rpt/flops_update']).toBeLessThan(compared['rpt/flops_update']!)
  })

  it('make no update where nothing is right, with grpo.loss=rejection', async () => {
    const {row, rollouts} = await stepOf('wrong', 'grpo.loss=rejection', 'rollout.maxTokens=1', 'grpo.miniBatches=2')
    expect(rollouts.some(({correct}) => correct)).toBe(false)
    expect(row['rpt/updates']).toBe(0)
    expect(row['rpt/flops_update']).toBe(0)
  })

  it('count as scoring a forward pass before each update but the first where ratios are of completions', async () => {
    const scoringOf = async (out: string, ...changes: string[]) => {
      const {row, rollouts} = await stepOf(out, 'grpo.miniBatches=2', ...changes)
      return {flops: row['rpt/flops_scoring'], groups: groupsOf(rollouts)}
    }
    const shape = await shapeOfBase()
    const passOver = (groups: readonly (readonly RolloutRow[])[]) => rolloutFlops(shape, lengthsOf(groups))
    const referred = await scoringOf('referred', 'grpo.klCoef=0.1')
    const asked = await scoringOf('asked', 'grpo.loss=gspo')
    expect((await scoringOf('plain')).flops).toBe(0)
    // The reference is asked before both updates.
    expect(referred.flops).toBe(passOver(referred.groups))
    expect(asked.flops).toBe(passOver(asked.groups.slice(2)))
    expect(passOver(asked.groups.slice(2))).not.toBe(passOver(asked.groups.slice(0, 2)))
  })
})
