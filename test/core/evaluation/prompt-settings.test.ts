import {expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {promptSettings} from '../../../src/core/evaluation/prompt-settings.js'
import type {Task} from '../../../src/core/tasks/task.js'
import {tasks} from '../../../src/core/tasks/tasks.js'
import {loadTokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

it('the settings of a mode that samples have its stop texts, also where there are none', async () => {
  const tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
  const stopIn = (mode: 'reasoning' | 'standard', stop: readonly string[]) => {
    const config = configSchema.parse({prompt: {template: 'bare'}, rollout: {stop}})
    const task = {
      promptSettings: tasks['next-token'].promptSettings(config),
      gradeSettings: {},
    } as unknown as Task<unknown>
    return promptSettings({config, task, tokenizer}, mode)['rollout.stop']
  }
  expect(stopIn('reasoning', [])).toBe('[]')
  expect(stopIn('reasoning', ['###'])).toBe('["###"]')
  expect(stopIn('standard', ['###'])).toBeUndefined()
})
