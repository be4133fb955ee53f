import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {metricsTable, readTable, rolloutsTable} from '../../../src/core/store/index.js'
import {train} from '../../../src/core/trainer/train.js'
import {groupBy} from '../../../src/core/util/group-by.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

beforeAll(async () => {
  workspace = await toyWorkspace()
})

/** Two steps of 8 contexts x 2, whose groups often have equal rewards. */
async function stepsOf(out: string, changes: readonly string[]) {
  const small = ['train.steps=2', 'grpo.groupSize=2', 'grpo.contextsPerStep=8', 'optim.learningRate=1e-9', ...changes]
  await train(toyConfig(workspace, out, small), toyServices())
  const metrics = readTable(join(workspace.folder, out, 'metrics.arrow'), metricsTable)
  return metrics.map((row) => {
    const file = join(workspace.folder, out, 'rollouts', `step-00000${row.step}.arrow`)
    const groups = [...groupBy(readTable(file, rolloutsTable), ({group}) => group).values()]
    const live = groups.filter((members) => new Set(members.map(({reward}) => reward)).size > 1)
    return {dropped: row['rpt/groups_dropped'], generated: row['rpt/rollouts_generated'], groups, live}
  })
}

describe('dynamic sampling', () => {
  it('drops groups of equal rewards and refills until the step is full', async () => {
    for (const step of await stepsOf('full', [
      'grpo.dynamicSampling.fromStep=1',
      'grpo.dynamicSampling.maxRefills=50',
    ])) {
      expect(step.live).toHaveLength(8)
      expect(step.groups).toHaveLength(8 + step.dropped!)
      expect(step.dropped).toBeGreaterThan(0)
      expect(step.generated).toBe(2 * (8 + step.dropped!))
    }
  })

  it('gives up after so many refills and trains on what there is', async () => {
    const [first] = await stepsOf('capped', ['grpo.dynamicSampling.fromStep=1', 'grpo.dynamicSampling.maxRefills=0'])
    expect(first.generated).toBe(16)
    expect(first.groups).toHaveLength(8)
    expect(first.live.length).toBeLessThan(8)
    expect(first.dropped).toBe(8 - first.live.length)
  })

  it('begins at the step it is told to', async () => {
    const [first, second] = await stepsOf('later', ['grpo.dynamicSampling.fromStep=2'])
    expect([first.dropped, first.groups.length, first.generated]).toEqual([0, 8, 16])
    expect(second.dropped).toBeGreaterThan(0)
  })

  it('stays out when it is switched off', async () => {
    const steps = await stepsOf('off', ['grpo.dynamicSampling.fromStep=1', 'grpo.dynamicSampling.enabled=false'])
    expect(steps.map(({dropped, generated}) => [dropped, generated])).toEqual([
      [0, 16],
      [0, 16],
    ])
  })
})
