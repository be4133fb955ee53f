import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {VisitOrder} from '../../../src/core/objectives/order.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {metricsTable, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {NumericError} from '../../../src/core/util/errors.js'
import {groupBy} from '../../../src/core/util/group-by.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

beforeAll(async () => {
  workspace = await toyWorkspace()
})

const small = ['train.steps=2', 'grpo.groupSize=2', 'grpo.contextsPerStep=8', 'optim.learningRate=1e-9']

/** Two steps of 8 contexts x 2, whose groups often have equal rewards. */
async function stepsOf(out: string, changes: readonly string[], lines: string[] = []) {
  await train(toyConfig(workspace, out, [...small, ...changes]), toyServices({}, lines))
  const metrics = readTable(join(workspace.folder, out, 'metrics.arrow'), metricsTable)
  return metrics.map((row) => {
    const file = join(workspace.folder, out, 'rollouts', `step-00000${row.step}.arrow`)
    const groups = [...groupBy(readTable(file, rolloutsTable), ({group}) => group).values()]
    const live = groups.filter((members) => new Set(members.map(({reward}) => reward)).size > 1)
    const trained = groups.filter((members) => members.some(({advantage}) => advantage !== 0))
    return {row, groups, live, trained}
  })
}

const dynamic = ['grpo.dynamicSampling.fromStep=1']

describe('dynamic sampling', () => {
  it('samples whole batches until the step is full, and drops what carries no signal or is left over', async () => {
    const steps = await stepsOf('full', [...dynamic, 'grpo.dynamicSampling.maxBatches=50'])
    for (const {row, groups, live, trained} of steps) {
      expect(row['rpt/rollout_batches']).toBeGreaterThan(1)
      expect(groups).toHaveLength(8 * row['rpt/rollout_batches']!)
      expect(row['rpt/rollouts_generated']).toBe(2 * groups.length)
      expect(row['rpt/groups_dropped']).toBe(groups.length - live.length)
      expect(row['rpt/groups_surplus']).toBe(live.length - 8)
      expect(row['rpt/rollouts_per_kept_group']).toBe((2 * groups.length) / 8)
      // The first eight in the order of sampling.
      expect(trained).toEqual(live.slice(0, 8))
    }
    // Positions of the second step go on where the first left off, surplus and all.
    const positions = steps.map(({groups}) => groups.map(([{doc_id, position}]) => `${doc_id} ${position}`))
    const visits = [...positions[0], ...positions[1]]
    const {trainPositions} = await openPrepared(workspace.data)
    const order = new VisitOrder(trainPositions.length, 0, 'contexts')
    const targets = visits.map((_, visit) => trainPositions.at(order.at(visit)))
    expect(visits).toEqual(targets.map(({docId, position}) => `${docId} ${position}`))
  })

  it('stops with exit code 4 where too few groups carry signal, steps before it saved; --resume takes another limit', async () => {
    const begun = ['grpo.dynamicSampling.fromStep=2', 'checkpoint.every=100']
    const out = join(workspace.folder, 'short')
    const stopped = await stepsOf('short', [...begun, 'grpo.dynamicSampling.maxBatches=1']).catch((error) => error)
    expect(stopped).toBeInstanceOf(NumericError)
    expect(stopped.message).toMatch(
      /^train: step 2: dynamic sampling found [0-7] of 8 groups with signal among 8 in 1 batch$/,
    )
    expect(stopped.suggestions.join()).toMatch(/maxBatches.*onShortage=warn.*--resume.*failed.step-000002\.arrow/)
    expect(readdirSync(join(out, 'checkpoints'))).toEqual(['step-000001'])
    const further = [...begun, 'grpo.dynamicSampling.maxBatches=50']
    await train(toyConfig(workspace, 'short', [...small, ...further]), toyServices({resume: true}))
    await stepsOf('whole', further)
    const [resumed, whole] = await Promise.all(
      ['short', 'whole'].map((run) => runContents(join(workspace.folder, run), 2)),
    )
    for (const name of Object.keys(whole)) expect(resumed[name] === whole[name], name).toBe(true)
  })

  it('trains on what there is where that is the setting, and says so once', async () => {
    const lines: string[] = []
    const changes = [...dynamic, 'grpo.dynamicSampling.maxBatches=1', 'grpo.dynamicSampling.onShortage=warn']
    const steps = await stepsOf('warned', changes, lines)
    const short = lines.filter((line) => line.includes('groups with signal'))
    expect(short).toEqual([expect.stringMatching(/^train: step 1: .* [0-7] of 8 groups .* trains on those$/)])
    for (const {row, live, trained} of steps) {
      expect(row['rpt/rollouts_generated']).toBe(16)
      expect(live.length).toBeLessThan(8)
      expect(trained).toEqual(live)
      expect(row['rpt/groups_dropped']).toBe(8 - live.length)
      expect(row['rpt/updates']).toBe(Number(live.length > 0))
    }
  })

  it('trains on nothing where no group of all batches carries signal', async () => {
    const changes = [...dynamic, 'rollout.maxTokens=1', 'grpo.dynamicSampling.maxBatches=2']
    const steps = await stepsOf('none', [...changes, 'grpo.dynamicSampling.onShortage=warn'])
    for (const {row, groups} of steps) {
      expect(groups).toHaveLength(16)
      expect([row['rpt/updates'], row['rpt/groups_dropped'], row['rpt/rollouts_per_kept_group']]).toEqual([0, 16, null])
    }
  })

  it('begins at the step it is told to', async () => {
    const [first, second] = await stepsOf('later', [
      'grpo.dynamicSampling.fromStep=2',
      'grpo.dynamicSampling.maxBatches=50',
    ])
    expect([first.row['rpt/groups_dropped'], first.groups.length, first.row['rpt/rollout_batches']]).toEqual([0, 8, 1])
    expect(second.row['rpt/groups_dropped']).toBeGreaterThan(0)
  })

  it('stays out when it is switched off', async () => {
    const steps = await stepsOf('off', [...dynamic, 'grpo.dynamicSampling.enabled=false'])
    expect(steps.map(({row}) => [row['rpt/groups_dropped'], row['rpt/rollouts_generated']])).toEqual([
      [0, 16],
      [0, 16],
    ])
    for (const {row, live} of steps)
      expect(row['rpt/rollouts_per_kept_group']).toBe(live.length > 0 ? 16 / live.length : null)
  })

  it('names its limit where the key of before is given', () => {
    expect(() => toyConfig(workspace, 'old', ['grpo.dynamicSampling.maxRefills=3'])).toThrow(
      expect.objectContaining({suggestions: ['did you mean grpo.dynamicSampling.maxBatches?']}),
    )
  })
})
