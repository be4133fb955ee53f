import {expect, it} from 'vitest'
import {flagOfKey} from '../../../src/core/config/flags.js'
import {configKeys, findKey, isSection, namesIn} from '../../../src/core/config/keys.js'

it('every setting has a line of help', () => {
  expect(configKeys.filter(({help}) => help === '').map(({key}) => key)).toEqual([])
})

it('the keys that scripts rely on exist', () => {
  const keys =
    'train.steps checkpoint.every checkpoint.steps eval.every eval.temperature eval.forcedThought grpo.groupSize grpo.contextsPerStep rollout.maxTokens rollout.temperature optim.learningRate data.select data.thresholds data.valFraction'
  expect(keys.split(' ').filter((key) => !findKey(key))).toEqual([])
})

it('sections know their names', () => {
  expect(isSection('grpo.dynamicSampling')).toBe(true)
  expect(isSection('grpo.groupSize')).toBe(false)
  expect(namesIn('model')).toEqual(['path', 'config', 'init'])
  expect(namesIn('')).toContain('seed')
})

it('keys know their flags', () => {
  expect(flagOfKey('data.dir')).toBe('--data')
  expect(flagOfKey('eval.limit')).toBe('--limit')
  expect(flagOfKey('grpo.groupSize')).toBeUndefined()
})
