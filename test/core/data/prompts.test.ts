import {beforeAll, describe, expect, it} from 'vitest'
import {renderPrompt, templates} from '../../../src/core/data/prompts.js'
import type {Context} from '../../../src/core/records/records.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {UsageError} from '../../../src/core/util/errors.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

const contextOf = (ids: readonly number[]): Context => ({
  docId: 'a:1',
  position: ids.length,
  difficulty: 'easy',
  tokenIds: Int32Array.from(ids),
  truth: new Uint8Array(),
  boundaries: new Int32Array(),
})
const render = (template: string, ids: readonly number[], maxTokens = 4096) => [
  ...renderPrompt(tokenizer, template, contextOf(ids), maxTokens).ids,
]

describe('a prompt', () => {
  it('begins with the start token, once, and opens the thought', () => {
    expect(render('bare', [1000, 97, 98])).toEqual([1000, 97, 98, 1003])
    expect(render('on: {context} <eos>', [1000, 97])).toEqual([1000, ...Buffer.from('on: '), 97, 32, 1001])
  })

  it('has no start token where the model uses none', async () => {
    const plain = await loadTokenizer(writeTokenizer(byteLevel()))
    expect([...renderPrompt(plain, 'bare', contextOf([97]), 9).ids]).toEqual([97, 1003])
  })

  it('keeps the tokens of the document, however else they could be tokenized', () => {
    const letters = [...Buffer.from(' size<think>')]
    expect(tokenizer.encodeText(' size')).toHaveLength(1)
    expect(render('bare', [1000, ...letters])).toEqual([1000, ...letters, 1003])
  })

  it('loses context from the left, one token at a time, never the start token or the template', () => {
    const ids = [1000, 97, 98, 99, 100]
    expect(render('<{context}>', ids, 7)).toEqual([1000, 60, 97, 98, 99, 100, 62])
    expect(render('<{context}>', ids, 6)).toEqual([1000, 60, 98, 99, 100, 62])
    expect(render('<{context}>', ids, 4)).toEqual([1000, 60, 100, 62])
  })

  it('is refused where the template leaves no room', () => {
    expect(() => render('<{context}>', [1000, 97], 3)).toThrow(UsageError)
    expect(() => render('<{context}>', [1000, 97], 2)).toThrow(
      'prompt.maxTokens is 2; the template alone takes 3 tokens',
    )
  })

  it('needs a known template, or the placeholder exactly once', () => {
    for (const template of ['v7', 'no place', '{context} {context}', 'toString', ''])
      expect(() => render(template, [97])).toThrow(UsageError)
    try {
      render('bar', [97])
    } catch (error) {
      expect((error as UsageError).suggestions).toEqual(['did you mean bare?'])
    }
  })

  it('is the same from the cache', () => {
    expect(render('v0', [1000, 97])).toEqual(render('v0', [1000, 97]))
  })
})

describe('the built-in templates', () => {
  it.each(Object.keys(templates))('%s hold the context once and can be rendered', (name) => {
    expect(templates[name].split('{context}')).toHaveLength(2)
    const ids = render(name, [1000, 97, 98, 99])
    expect(Buffer.from(tokenizer.concatBytes(ids)).toString()).toBe(
      `<bos>${templates[name].replace('{context}', 'abc')}`,
    )
  })

  it('have the properties of the study', () => {
    const {v0, v1, v2, v3, v4, v5, v6} = templates
    const fenced = '```\n{context}\n```'
    const isFenced = (template: string) => template.includes(fenced)
    expect([v0, v1, v2, v3, v4, v5, v6].map(isFenced)).toEqual([false, true, true, true, true, true, true])
    for (const template of [v0, v1, v2, v3, v5, v6]) {
      expect(template).toContain('\\text{}')
      expect(template.match(/\\boxed\{ [^}]+\}/g)).toHaveLength(2)
    }
    for (const template of [v0, v5]) expect(template).toContain('"### Context"')
    expect(v5).toBe(v0.replace('{context}', fenced))
    expect(v1).toMatch(/final prediction .*\\\\boxed/)
    expect(v1).toMatch(/[^"]### Context\n```\n\{context\}\n```\.$/)
    expect(v2).toMatch(/^You are a helpful assistant/)
    expect(v2).toContain('\\boxed{ +=}')
    for (const template of [v3, v6]) expect(template).toMatch(/several tokens/)
    expect(v3.endsWith('```')).toBe(true)
    for (const answer of ['\\boxed{ this}', '\\boxed{9}', '\\boxed{:\n}']) expect(v4).toContain(answer)
    expect(v4).not.toContain('\\text{}')
    expect(v6).not.toContain('### Context')
    expect(v6).toMatch(/now\.$/)
  })
})
