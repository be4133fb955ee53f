import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {type Config, configSchema} from '../../../src/core/config/schema.js'
import {type PromptSettings, renderPrompt} from '../../../src/core/prompts/prompts.js'
import {rowTemplates} from '../../../src/core/prompts/row-template.js'
import {templates} from '../../../src/core/prompts/templates.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

const contexts = ['The lamp is', 'Two and two make', 'The lamp was', '```\nx = 1', 'It']
const chat =
  "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
const {prompt} = configSchema.parse({}) as Config

let plain: Tokenizer
let chatting: Tokenizer
beforeAll(async () => {
  plain = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
  chatting = await loadTokenizer(writeTokenizer(byteLevel(), {...byteLevelConfig, chat_template: chat}))
})

/** Rows whose prompts are rendered as rollouts are. */
function rendered(tokenizer: Tokenizer, settings: Partial<PromptSettings>, texts = contexts) {
  return texts.map((text) => {
    const tokenIds = tokenizer.encodeText(`${text} x`)
    const context = {key: {source: 'a', index: tokenIds.length - 1}, tokenIds: tokenIds.subarray(0, -1)}
    const {ids} = renderPrompt(tokenizer, {...prompt, ...settings}, context, 10_000)
    return {ids, trainedFrom: ids.length}
  })
}

const marked = (tokenizer: Tokenizer, texts: readonly string[]) =>
  texts.map((text) => {
    const ids = tokenizer.encodeMarkup(text)
    return {ids, trainedFrom: ids.length}
  })

describe('the template of rows', () => {
  it.each(Object.keys(templates))('is found: %s, alone and within a chat template', (template) => {
    expect(rowTemplates(rendered(plain, {template}), plain, {prompt})[0]).toEqual({template, chatTemplate: 'none'})
    const [found] = rowTemplates(rendered(chatting, {template}), chatting, {prompt})
    expect(found).toEqual({template, chatTemplate: template === 'bare' ? 'none' : 'auto'})
    const alone = rendered(chatting, {template, chatTemplate: 'none'})
    expect(rowTemplates(alone, chatting, {prompt})[0]).toEqual({template, chatTemplate: 'none'})
  })

  it('is not known of other prompts, nor where a single row has another', () => {
    expect(rowTemplates(marked(plain, ['What follows A?', 'And B?']), plain, {prompt})).toEqual([])
    const mixed = [...rendered(plain, {template: 'v3'}), ...rendered(plain, {template: 'bare'}, ['One'])]
    expect(rowTemplates(mixed, plain, {prompt})).toEqual([])
  })

  it('is not bare where all prompts begin with one instruction', () => {
    const instructed = ['A', 'B', 'C'].map((text) => `Say what comes next: ${text}<think>`)
    expect(rowTemplates(marked(plain, instructed), plain, {prompt})).toEqual([])
    expect(rowTemplates(marked(plain, ['A<think>', 'A B<think>']), plain, {prompt})[0].template).toBe('bare')
  })

  it('may be bare where the prompts are all the same text', () => {
    const [found] = rowTemplates(marked(plain, ['Of one text nothing is known<think>']), plain, {prompt})
    expect(found.template).toBe('bare')
  })

  it('is not one whose beginning and end overlap in a row', () => {
    expect(rowTemplates(marked(plain, ['aba']), plain, {prompt}, 'ab{context}ba')).toEqual([])
  })

  it('is not bare where all prompts end with one instruction', () => {
    const asked = ['A', 'B B', 'C'].map((text) => `${text}\n\nSay which token follows the text above.<think>`)
    expect(rowTemplates(marked(plain, asked), plain, {prompt})).toEqual([])
  })

  it('is the one of the prompts where that fits, whatever else does', () => {
    const own = '{context}\n\nSay which token follows the text above.<think>'
    const rows = rendered(plain, {template: own})
    const expected = [{template: own, chatTemplate: 'none'}]
    expect(rowTemplates(rows, plain, {prompt: {...prompt, template: own}})).toEqual(expected)
    const templateFile = join(temporaryFolder(), 'own.txt')
    writeFileSync(templateFile, `${own}\n`)
    expect(rowTemplates(rows, plain, {prompt: {...prompt, templateFile}})).toEqual(expected)
    const bare = rowTemplates(rows, plain, {prompt: {...prompt, template: 'bare'}})
    expect(bare).toEqual([{template: 'bare', chatTemplate: 'none'}])
    const longer = rendered(plain, {template: 'boxed'})
    const given = rowTemplates(longer, plain, {prompt: {...prompt, template: '{context}.'}}).map(
      ({template}) => template,
    )
    expect(given).toEqual(['{context}.', 'boxed'])
    expect(rowTemplates(longer, plain, {prompt: {...prompt, template: own}})[0].template).toBe('boxed')
  })

  it('that is none is refused by the setting that gives it', () => {
    const rows = marked(plain, ['A<think>'])
    expect(() => rowTemplates(rows, plain, {prompt: {...prompt, template: 'v9'}})).toThrow(/^prompt\.template is "v9"/)
    expect(() => rowTemplates(rows, plain, {prompt}, 'v9')).toThrow(/^sft\.template is "v9"/)
  })

  it('may be told: a text with the context in it', () => {
    const own = 'Say what comes next: {context}<think>'
    const rows = rendered(plain, {template: own})
    expect(rowTemplates(rows, plain, {prompt}, own)).toEqual([{template: own, chatTemplate: 'none'}])
  })
})
