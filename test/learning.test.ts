import {join} from 'node:path'
import {expect, it} from 'vitest'
import {metricsTable, readTable} from '../src/core/tables/index.js'
import {train} from '../src/core/training/train.js'
import {toyConfig, toyServices, toyWorkspace} from './support/toy-run.js'

it('reward on a language of three letters rises from chance to above 0.9 in 100 steps', async () => {
  const workspace = await toyWorkspace(32)
  const changes = [
    'train.steps=100',
    'grpo.contextsPerStep=32',
    'grpo.groupSize=8',
    'optim.learningRate=0.003',
    'optim.maxGradNorm=1',
  ]
  await train(toyConfig(workspace, 'run', changes), toyServices())
  const rewards = readTable(join(workspace.folder, 'run', 'metrics.arrow'), metricsTable).map(({reward}) => reward!)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  expect(mean(rewards.slice(0, 3))).toBeGreaterThan(0.2)
  expect(mean(rewards.slice(0, 3))).toBeLessThan(0.5)
  expect(mean(rewards.slice(-5))).toBeGreaterThan(0.9)
})
