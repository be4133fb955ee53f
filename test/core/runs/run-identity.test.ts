import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {changedInputs, changedSettings, settingsOf} from '../../../src/core/runs/run-identity.js'

const settings = settingsOf(configSchema.parse({}))

describe('settings that differ from those of an earlier run', () => {
  it('are named with both values', () => {
    expect(changedSettings(settings, {...settings, 'grpo.groupSize': 3})).toEqual([
      `grpo.groupSize was ${settings['grpo.groupSize']} and is 3`,
    ])
    expect(changedSettings({...settings, seed: 1}, settings)).toEqual(['seed was 1 and is 0'])
  })

  it('are not those that an older version did not have, at their defaults', () => {
    const {'grpo.groupSize': groupSize, ...older} = settings
    expect(changedSettings(older, settings)).toEqual([])
    expect(changedSettings(older, {...settings, 'grpo.groupSize': 3})).toEqual([
      `grpo.groupSize was ${groupSize} and is 3`,
    ])
  })

  it('are not those that a newer version had besides', () => {
    expect(changedSettings({...settings, 'grpo.unknown': 1}, settings)).toEqual([])
  })
})

it('inputs that differ are changed, missing or new; nothing is said where a side is not known', () => {
  const begun = {model: 'a', documents: 'b', 'prompt.templateFile': 'c'}
  expect(changedInputs(begun, {model: 'a', documents: 'x', 'data.questions': 'd'})).toEqual([
    'documents changed',
    'prompt.templateFile is missing',
    'data.questions is new',
  ])
  expect(changedInputs(null, begun)).toEqual([])
  expect(changedInputs(begun, null)).toEqual([])
})
