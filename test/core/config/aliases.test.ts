import {describe, expect, it} from 'vitest'
import manifest from '../../../oclif.manifest.json' with {type: 'json'}
import {foreignCommands, foreignNames, meantByName, suggestionFor} from '../../../src/core/config/aliases.js'
import {findKey} from '../../../src/core/config/keys.js'
import {loadConfig} from '../../../src/core/config/load.js'
import {objectiveNames} from '../../../src/core/config/names.js'
import type {UsageError} from '../../../src/core/util/errors.js'

const isSentence = (target: string) => target.includes(' ')

describe('names of other tools', () => {
  it('are written without case and separators, and each leads to something that there is', () => {
    const {flags} = manifest.commands.train
    for (const [name, target] of Object.entries(foreignNames)) {
      expect(name).toMatch(/^[a-z0-9]+$/)
      if (target.startsWith('--')) expect(flags).toHaveProperty([target.slice(2)])
      else if (!isSentence(target)) expect(findKey(target), target).toBeDefined()
    }
  })

  it('of commands lead to a command, with an objective that there is', () => {
    for (const target of Object.values(foreignCommands)) {
      const [command, flag, value] = target.split(' ')
      expect(manifest.commands).toHaveProperty([command])
      if (flag) expect([flag, objectiveNames]).toEqual(['--objective', expect.arrayContaining([value])])
    }
  })

  it.each([
    ['grpo.numGenerations', 'grpo.groupSize'],
    ['grpo.num_generations', 'grpo.groupSize'],
    ['grpo.beta', 'grpo.klCoef'],
    ['grpo.epsilon', 'optim.epsilon'],
    ['train.learningRate', 'optim.learningRate'],
    ['train.learning_rate', 'optim.learningRate'],
    ['optim.lr', 'optim.learningRate'],
    ['training.maxSteps', 'train.steps'],
    ['learningRate', 'optim.learningRate'],
    ['max_prompt_length', 'prompt.maxTokens'],
    ['model.nameOrPath', undefined],
  ])('%s as a key', (name, expected) => {
    try {
      loadConfig({sets: [`${name}=1`], cwd: '/'})
      expect.unreachable()
    } catch (error) {
      const [suggestion] = (error as UsageError).suggestions
      if (expected) expect(suggestion).toBe(`did you mean ${expected}?`)
      else expect(suggestion).toBeDefined()
    }
  })

  it.each([
    ['--learning-rate', '--set optim.learningRate=...'],
    ['--lr', '--set optim.learningRate=...'],
    ['--num-generations', '--set grpo.groupSize=...'],
    ['--num_generations=4', '--set grpo.groupSize=...'],
    ['--per-device-train-batch-size', '--set grpo.contextsPerMicroBatch=...'],
    ['--gradient-accumulation-steps', '--set grpo.contextsPerStep=...'],
    ['--max-steps', '--steps'],
    ['--output-dir', '--out'],
    ['--model-name-or-path', '--model'],
    ['--dataset-name', '--set data.documents=...'],
    ['--max-completion-length', '--set rollout.maxTokens=...'],
    ['--beta', '--set grpo.klCoef=...'],
    ['--epsilon', '--set grpo.clipEpsilon=...'],
    ['--save-steps', '--set checkpoint.every=...'],
    ['--steps-per-generation', '--set grpo.miniBatches=...'],
    ['--gradient-checkpointing', '--set update.mode=...'],
    ['--resume-from-checkpoint', '--resume'],
    ['--group-size', '--set grpo.groupSize=...'],
    ['--groupSize', '--set grpo.groupSize=...'],
    ['--grpo.groupSize', '--set grpo.groupSize=...'],
    ['--temperature', '--set rollout.temperature=...'],
  ])('%s as a flag of train', (flag, expected) => {
    const known = ['--steps', '--out', '--model', '--seed', '--resume']
    expect(suggestionFor(meantByName(flag)!, known)).toBe(`did you mean ${expected}?`)
  })

  it('say so where there is nothing to set, and nothing of names that nobody knows', () => {
    expect(suggestionFor(meantByName('--logging-steps')!, [])).toMatch(/^every step is logged/)
    expect(suggestionFor(meantByName('--num-iterations')!, [])).toMatch(/^each completion is trained on once/)
    expect(suggestionFor(meantByName('--bf16')!, [])).toMatch(/^the CPU computes in float32/)
    expect(suggestionFor(meantByName('--top-p')!, [])).toMatch(/^tokens are drawn from the whole distribution/)
    for (const flag of ['--out', '--output-dir'])
      expect(suggestionFor(meantByName(flag)!, ['--model'])).toMatch(/^this command writes no file; .*--json > FILE$/)
    expect(meantByName('--stesp')).toBeUndefined()
    expect(meantByName('--constructor')).toBeUndefined()
  })
})
