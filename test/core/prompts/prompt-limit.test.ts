import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {checkPrompts, cutNote, promptLimit} from '../../../src/core/prompts/prompt-limit.js'
import {loadTokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {UsageError} from '../../../src/core/util/errors.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

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

it('a template without room for context comes with the setting that takes it, and with the value that leaves some', async () => {
  const tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
  const template = 'Next: {context}.' // 8 tokens with the start token
  const suggestionsWith = (maxTokens: number, maxPositions: number) => {
    try {
      checkPrompts(settings(maxTokens), {template, chatTemplate: 'none'}, {maxPositions}, tokenizer)
    } catch (error) {
      return (error as UsageError).suggestions
    }
  }
  const shorter = 'choose a shorter template'
  expect(suggestionsWith(8, 64)).toEqual(['set prompt.maxTokens to 9 or more', shorter])
  expect(suggestionsWith(9, 64)).toBeUndefined()
  expect(suggestionsWith(99, 40)).toEqual(['set rollout.maxTokens to 31 or less', shorter])
  expect(suggestionsWith(99, 41)).toBeUndefined()
})
