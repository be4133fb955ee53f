import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, expect, it} from 'vitest'
import {predictionsTable, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {train} from '../../../src/core/training/train.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
let tokenizer: Tokenizer

beforeAll(async () => {
  workspace = await toyWorkspace()
  tokenizer = await loadTokenizer(workspace.base)
})

/** Rollouts of the first step and predictions after it. */
async function trained(out: string, changes: readonly string[]) {
  const settings = ['train.steps=1', 'eval.every=1', 'eval.modes=reasoning', 'eval.samples=2', 'eval.bootstraps=5']
  await train(toyConfig(workspace, out, [...settings, ...changes]), toyServices())
  const run = join(workspace.folder, out)
  const [evaluated] = readdirSync(join(run, 'eval'))
  return {
    rollouts: readTable(join(run, 'rollouts', 'step-000001.arrow'), rolloutsTable),
    predictions: readTable(join(run, 'eval', evaluated), predictionsTable),
  }
}

it('rollout.stop ends completions of training and of evaluation, which are graded as ended', async () => {
  const free = await trained('free', [])
  const stopped = await trained('stopped', ['rollout.stop=["}"]'])
  for (const [i, row] of stopped.rollouts.entries()) {
    const unbound = free.rollouts[i]
    const end = unbound.completion_ids.findIndex((id) => tokenizer.decode([id]).includes('}'))
    const length = end < 0 ? unbound.completion_ids.length : end + 1
    expect([...row.completion_ids]).toEqual([...unbound.completion_ids.slice(0, length)])
    expect([...row.old_logprobs]).toEqual([...unbound.old_logprobs.slice(0, length)])
    expect([row.stop_reason, row.outcome]).toEqual(
      end < 0 ? [unbound.stop_reason, unbound.outcome] : ['stop-string', 'parsed'],
    )
  }
  expect(stopped.rollouts.filter(({stop_reason}) => stop_reason === 'stop-string').length).toBeGreaterThan(8)
  for (const {completion_text: text} of stopped.predictions)
    expect(text!.indexOf('}')).toBe(text!.includes('}') ? text!.length - 1 : -1)
})
