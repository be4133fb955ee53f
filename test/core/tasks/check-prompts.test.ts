import {beforeAll, describe, expect, it} from 'vitest'
import {type Config, configSchema} from '../../../src/core/config/schema.js'
import type {ModelConfig} from '../../../src/core/models/model-config.js'
import {isTaught, objectives} from '../../../src/core/objectives/objectives.js'
import type {PreparedData} from '../../../src/core/prepared/prepared.js'
import {checkTaskPrompts} from '../../../src/core/tasks/check-prompts.js'
import {tasks} from '../../../src/core/tasks/tasks.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {UsageError} from '../../../src/core/util/errors.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

const model = {maxPositions: 4096}
const configWith = (prompt: object): Config => configSchema.parse({prompt, rollout: {maxTokens: 64}})

let thinking: Tokenizer
let plain: Tokenizer
beforeAll(async () => {
  thinking = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
  const json = byteLevel()
  const added_tokens = json.added_tokens.filter(({content}) => !/think/.test(content))
  plain = await loadTokenizer(writeTokenizer({...json, added_tokens}, byteLevelConfig))
})

/** What is said of prompts, and what is warned of. */
function told(tokenizer: Tokenizer, prompt: object, task: keyof typeof tasks = 'next-token') {
  const warnings: string[] = []
  const line = checkTaskPrompts(tasks[task], configWith(prompt), model, tokenizer, (text) => warnings.push(text))
  return {line, warnings}
}

describe('prompts of a task', () => {
  it('are described by the template and its length', () => {
    expect(told(plain, {template: 'a {context} </think>b'}).line).toMatch(/^template sha256:\w+, 13 tokens besides/)
    expect(told(thinking, {template: 'bare'}).line).toBe('template bare, 2 tokens besides the context')
    expect(told(thinking, {}).line).toMatch(/^template v0, chosen by the tokenizer, \d+ tokens besides the context$/)
    expect(told(plain, {}).line).toMatch(/^template opened, chosen by the tokenizer, /)
  })

  it('are warned of where nothing mentions the end of a thought', () => {
    for (const template of ['v0', 'bare']) {
      expect(told(plain, {template}).warnings).toEqual([
        expect.stringContaining('neither the tokenizer nor the prompt'),
      ])
      expect(told(thinking, {template}).warnings).toEqual([])
    }
    for (const template of ['auto', 'opened', 'tagged']) expect(told(plain, {template}).warnings).toEqual([])
  })

  it('are not warned of where the starting checkpoint was taught how thoughts end', async () => {
    const warningsOf = async (objective: string) => {
      const warnings: string[] = []
      const config = configWith({template: 'bare'})
      const texts = {tokenizer: plain} as unknown as PreparedData
      const opening = {config, model: {...model} as ModelConfig, texts, data: null, isTaught: isTaught(objective)}
      await objectives.rpt.open({...opening, warn: (text) => warnings.push(text)})
      return warnings
    }
    expect(await warningsOf('ntp')).toHaveLength(1)
    expect(await warningsOf('none')).toHaveLength(1)
    for (const objective of ['sft', 'rpt']) expect(await warningsOf(objective)).toEqual([])
  })

  it('of questions need no thought, but one that the prompt opens must end', () => {
    expect(told(plain, {}, 'questions').warnings).toEqual([])
    const [warning, ...more] = told(plain, {questionTemplate: 'bare'}, 'questions').warnings
    expect(warning).toMatch(/all completions are unfinished-thinking and wrong; take another prompt\.questionTemplate$/)
    expect(more).toEqual([])
    expect(told(thinking, {questionTemplate: 'bare'}, 'questions').warnings).toEqual([])
  })

  it('are refused where there is no room for them', () => {
    expect(() => told(plain, {maxTokens: 9})).toThrow(UsageError)
  })
})
