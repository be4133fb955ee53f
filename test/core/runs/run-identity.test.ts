import {readFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {configKeys} from '../../../src/core/config/keys.js'
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

it('settings that may change are those of docs/how-to/resume-and-checkpoints.md', () => {
  const page = readFileSync('docs/how-to/resume-and-checkpoints.md', 'utf8')
  const [, list] = /Some settings may change.*?numbers are added:(.*?)\. If a run died/s.exec(page)!
  const patterns = [...list.matchAll(/`([\w.*]+)`/g)].map(([, name]) => name)
  const isNamed = (key: string) =>
    patterns.some((name) => (name.endsWith('.*') ? key.startsWith(name.slice(0, -1)) : key === name))
  const free = configKeys.filter(({key, path}) => path === undefined && !(key in settings)).map(({key}) => key)
  expect(free.length).toBeGreaterThan(20)
  expect(configKeys.filter(({key, path}) => path === undefined && isNamed(key)).map(({key}) => key)).toEqual(free)
})

it('inputs that differ are changed, missing or new; nothing is said where a side is not known', () => {
  const begun = {model: 'a', documents: 'b', 'prompt.templateFile': 'c'}
  expect(changedInputs(begun, {model: 'a', documents: 'x', 'data.questions': 'd'})).toEqual([
    'documents changed',
    'prompt.templateFile is missing',
    'data.questions is new',
  ])
  expect(changedInputs({...begun, 'end tokens of model': 'e'}, {...begun, 'end tokens of model': 'f'})).toEqual([
    'end tokens of model changed',
  ])
  // A run of an older version does not have them.
  expect(changedInputs(begun, {...begun, 'end tokens of model': 'e'})).toEqual([])
  expect(changedInputs(null, begun)).toEqual([])
  expect(changedInputs(begun, null)).toEqual([])
})
