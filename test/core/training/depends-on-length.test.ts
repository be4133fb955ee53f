import {expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {dependsOnLength} from '../../../src/core/training/depends-on-length.js'

it.each([
  [{}, false],
  [{optim: {schedule: 'linear'}}, true],
  [{grpo: {curriculum: 'hard-to-easy'}}, true],
  [{reward: {terms: ['overlong', 'prefix-match']}}, false],
  [{reward: {terms: ['prefix-match', 'length-budget']}}, true],
])('steps under %j depend on how many there will be: %s', (settings, depends) => {
  expect(dependsOnLength(configSchema.parse(settings))).toBe(depends)
})
