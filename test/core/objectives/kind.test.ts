import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {objectives} from '../../../src/core/objectives/objectives.js'
import {tinyModel} from '../../support/tiny-model.js'

it('the work of a step has as many runs as its updates have micro-batches, and asks before each update but the first', async () => {
  const sizes = ['grpo.miniBatches=3', 'grpo.contextsPerStep=6', 'grpo.contextsPerMicroBatch=1']
  const timesOf = async (...changes: string[]) => {
    const {config} = loadConfig({
      sets: [...sizes, 'rollout.contextsPerBatch=4', 'rollout.maxTokens=8', ...changes],
      cwd: '/',
    })
    const opening = {config, model: tinyModel(), texts: null, data: null, isTaught: true, warn() {}}
    return (await objectives.rpt.open(opening)).work(config).times
  }
  expect(await timesOf()).toEqual({rollout: 2, policy: 6, asked: 0})
  expect(await timesOf('grpo.loss=gspo')).toMatchObject({policy: 6, asked: 4})
  expect(await timesOf('grpo.klCoef=0.1')).toMatchObject({policy: 6, asked: 6})
  expect(await timesOf('grpo.klCoef=0.1', 'grpo.loss=gspo')).toMatchObject({policy: 6, asked: 10})
})
