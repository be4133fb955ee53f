import {existsSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, expect, it, vi} from 'vitest'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {localSampler} from '../../../src/core/samplers/local.js'
import type {Sampler} from '../../../src/core/samplers/sampler.js'
import {train} from '../../../src/core/training/train.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

const calls: string[] = []
let published = ''
let count = 0

/** A sampler that is told of weights as one elsewhere would be, and writes down what it is asked. */
function written(sampler: Sampler): Sampler {
  return {
    guarantees: {exactLogprobs: false},
    async sample(prompts, request) {
      calls.push(`sample for ${request.streamKeys.purpose}`)
      return sampler.sample(prompts, request)
    },
    async follow(publish, step) {
      calls.push(`follow ${step}`)
      const folder = join(published, `${++count}`)
      mkdirSync(folder, {recursive: true})
      await publish(folder)
    },
    async close() {
      calls.push('close')
    },
  }
}

vi.mock('../../../src/core/samplers/samplers.js', async (load) => {
  const real = await load<typeof import('../../../src/core/samplers/samplers.js')>()
  const openSampler: typeof real.openSampler = async ({engine, model, tokenizer}) =>
    written(localSampler(engine, model, tokenizer))
  return {
    openSampler,
    withSampler: async (
      opening: Parameters<typeof openSampler>[0],
      step: number,
      use: (sampler: Sampler) => unknown,
    ) => {
      const sampler = await openSampler(opening)
      await sampler.follow((folder) => opening.engine.save(folder, false), step)
      const result = await use(sampler)
      await sampler.close()
      return result
    },
  }
})

let workspace: ToyWorkspace
beforeAll(async () => {
  workspace = await toyWorkspace()
  published = join(workspace.folder, 'published')
})

const settings = ['checkpoint.every=1', 'eval.modes=reasoning', 'eval.limit=2']

it('has the weights before it is first asked, after every step and after --resume, and is closed', async () => {
  await train(toyConfig(workspace, 'run', [...settings, 'train.steps=1', 'eval.every=0']), toyServices())
  expect(calls).toEqual(['follow 0', 'sample for rollout', 'follow 1', 'close'])
  expect(existsSync(join(published, '1', 'model.safetensors'))).toBe(true)
  calls.length = 0
  const further = toyConfig(workspace, 'run', [...settings, 'train.steps=2', 'eval.every=1'])
  await train(further, toyServices({resume: true}))
  // The step that it goes on from is evaluated first, as that is due now.
  const evaluated = ['sample for eval', 'sample for rollout', 'follow 2', 'sample for eval']
  expect(calls).toEqual(['follow 1', ...evaluated, 'close'])
})

it('has the weights of each model that is evaluated', async () => {
  calls.length = 0
  const models = `eval.models=[${join(workspace.folder, 'run')},${workspace.base}]`
  const config = toyConfig(workspace, 'eval', [...settings, models, 'model.path=null'])
  await evaluate(config, toyServices({command: 'eval'}))
  expect(calls.filter((call) => !call.startsWith('sample'))).toEqual(['follow 2', 'close', 'follow 0', 'close'])
})
