import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {cutNote, promptLimit} from '../../../src/core/prompts/prompt-limit.js'
import {UsageError} from '../../../src/core/util/errors.js'

const settings = (maxTokens: number) =>
  loadConfig({sets: [`prompt.maxTokens=${maxTokens}`, 'rollout.maxTokens=32'], cwd: '/'}).config
const model = {maxPositions: 64}

it('a prompt leaves room for a given thought and the completion, and has two tokens at least', () => {
  expect(promptLimit(settings(25), model)).toBe(25)
  expect(promptLimit(settings(99), model)).toBe(32)
  expect(promptLimit(settings(99), model, 10)).toBe(22)
  expect(promptLimit(settings(99), model, 30)).toBe(2)
  expect(() => promptLimit(settings(99), model, 31)).toThrow(UsageError)
})

it('what a cut prompt names is the setting that cut it, a given thought counted', () => {
  const prompt = {key: {source: 'a', index: 1}, ids: new Int32Array(25), contextTokens: 40, cutTokens: 15}
  expect(cutNote(settings(25), model, prompt)).toContain('prompt.maxTokens is 25')
  expect(cutNote(settings(25), model, prompt, 10)).toContain("of the model's 64 positions rollout.maxTokens takes 32")
})
