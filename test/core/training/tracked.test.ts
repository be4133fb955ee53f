import {readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {metricsTable, readTable} from '../../../src/core/tables/index.js'
import {trackedFiles} from '../../../src/core/trackers/trackers.js'
import {train} from '../../../src/core/training/train.js'
import {toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

it('a run leaves the files of the trackers that train.track names, with a record for every step', async () => {
  const workspace = await toyWorkspace()
  const config = toyConfig(workspace, 'tracked', ['train.steps=2', 'train.track=[jsonl,tensorboard]'])
  await train(config, toyServices())
  const [lines, events] = trackedFiles(['jsonl', 'tensorboard']).map((file) => join(config.out!, file))
  const records = readFileSync(lines, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const rows = readTable(join(config.out!, 'metrics.arrow'), metricsTable)
  expect(records.map(({step}) => step)).toEqual([1, 2])
  for (const [i, {reward}] of rows.entries()) expect(records[i].reward).toBeCloseTo(reward!, 12)
  expect(statSync(events).size).toBeGreaterThan(200)
})
