import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {contextAt} from '../../../src/core/prompts/contexts.js'
import {
  checkTemplate,
  describePrompt,
  endOfContext,
  instructionTokens,
  mentionsEnd,
  opensThought,
  type PromptContext,
  type PromptSettings,
  promptParts,
  renderPrompt,
} from '../../../src/core/prompts/prompts.js'
import {builtIn, templates} from '../../../src/core/prompts/templates.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {DataError, UsageError} from '../../../src/core/util/errors.js'
import {byteFallback, byteLevel, byteLevelConfig, spaceInFront, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

const contextOf = (ids: readonly number[]): PromptContext => ({
  key: {source: 'a:1', index: ids.length},
  tokenIds: Int32Array.from(ids),
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
      'the template alone takes 3 tokens; prompts may have 2 (prompt.maxTokens, or',
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

describe('a prompt for a model with a chat template', () => {
  const chat = (source: string, settings: object = {}) =>
    loadTokenizer(writeTokenizer(byteLevel(), {...byteLevelConfig, chat_template: source, ...settings}))
  const settings = (given: Partial<PromptSettings> = {}): PromptSettings => ({
    ...configSchema.parse({}).prompt,
    template: 'on: {context}.',
    ...given,
  })
  const idsOf = (own: Tokenizer, given: PromptSettings | string, ids: readonly number[], maxTokens = 4096) => [
    ...renderPrompt(own, given, contextOf(ids), maxTokens).ids,
  ]
  const textOf = (own: Tokenizer, given: PromptSettings | string) => own.decode(idsOf(own, given, [1000, 97, 98, 99]))
  const turns =
    '{{ bos_token }}{% for m in messages %}[{{ m.content }}]{% endfor %}{% if add_generation_prompt %}<think>\n{% endif %}'
  const file = (text: string) => {
    const path = join(mkdtempSync(join(tmpdir(), 'rpt-prompt-')), 'template.txt')
    writeFileSync(path, text)
    return path
  }

  it('is the message of a user, with one start token: the one that the template writes', async () => {
    const own = await chat(turns)
    expect(idsOf(own, settings(), [1000, 97])).toEqual([1000, ...Buffer.from('[on: a.]'), 1003, 10])
    const silent = await chat('{{ messages[0].content }}')
    expect(idsOf(silent, settings(), [1000, 97])).toEqual([...Buffer.from('on: a.')])
  })

  it('keeps the tokens of the document, and loses them from the left at the limit', async () => {
    const own = await chat(turns)
    const letters = [...Buffer.from(' size<think>')]
    expect(idsOf(own, settings(), [1000, ...letters])).toEqual([
      1000,
      ...Buffer.from('[on: '),
      ...letters,
      ...Buffer.from('.]'),
      1003,
      10,
    ])
    const around = 1 + '[on: .]'.length + 2
    expect(idsOf(own, settings(), [1000, 97, 98, 99], around + 2)).toEqual(idsOf(own, settings(), [1000, 98, 99]))
    expect(() => checkTemplate(own, settings(), around)).toThrow(`the template alone takes ${around} tokens`)
    expect(() => checkTemplate(own, settings(), around + 1)).not.toThrow()
  })

  it('is the plain instruction where that is asked for, and always for bare', async () => {
    const own = await chat(turns)
    expect(textOf(own, settings({chatTemplate: 'none'}))).toBe('<bos>on: abc.')
    expect(textOf(own, settings({template: 'bare'}))).toBe('<bos>abc<think>')
    expect(textOf(own, 'on: {context}.')).toBe('<bos>on: abc.')
  })

  it('is the plain instruction where the model has none', () => {
    expect(textOf(tokenizer, settings())).toBe('<bos>on: abc.')
    expect(textOf(tokenizer, settings({template: 'bare'}))).toBe('<bos>abc<think>')
  })

  it("may follow a file of the user's instead", async () => {
    const own = await chat(turns)
    const other = file('<{{ messages[0].content }}|{{ eos_token }}>')
    expect(textOf(own, settings({chatTemplateFile: other}))).toBe('<on: abc.|<eos>>')
    expect(textOf(tokenizer, settings({chatTemplateFile: other}))).toBe('<on: abc.|<eos>>')
    const contradictions = [{chatTemplate: 'none' as const}, {template: 'bare'}]
    for (const given of contradictions)
      expect(() => textOf(own, settings({chatTemplateFile: other, ...given}))).toThrow(UsageError)
  })

  it("may take its instruction from a file, whose last line's end does not count", async () => {
    const own = await chat(turns)
    expect(textOf(own, settings({templateFile: file('read\n{context}\n')}))).toBe('<bos>[read\nabc]<think>\n')
    expect(textOf(own, settings({template: 'bare', templateFile: file('{context}\r\n')}))).toBe('<bos>[abc]<think>\n')
    expect(() => textOf(own, settings({templateFile: file('no place')}))).toThrow(
      /does not hold \{context\} exactly once/,
    )
    const nowhere = () => textOf(own, settings({templateFile: '/nowhere/t.txt'}))
    expect(nowhere).toThrow('reading prompt.templateFile /nowhere/t.txt: no such file or folder (ENOENT)')
    expect(nowhere).toThrow(DataError)
  })

  it('says whether the thought is open', async () => {
    expect(opensThought(await chat(turns), settings())).toBe(true)
    expect(opensThought(await chat('{{ messages[0].content }}'), settings())).toBe(false)
    expect(opensThought(await chat('{{ messages[0].content }}<think></think>'), settings())).toBe(false)
    expect(opensThought(tokenizer, settings({template: 'bare'}))).toBe(true)
    expect(opensThought(tokenizer, settings({template: 'v0'}))).toBe(false)
  })

  it('is refused where the template cannot be used, as data', async () => {
    const own = await chat('{{ messages[0].content | upper }}')
    expect(() => checkTemplate(own, settings(), 4096)).toThrow(DataError)
  })

  it('has the space in front that the tokenizer puts there, and none in front of the context', async () => {
    const json = {...byteFallback(), normalizer: spaceInFront}
    const own = await loadTokenizer(writeTokenizer(json, {bos_token: '<s>', add_bos_token: true}))
    expect(own.decode(idsOf(own, 'size {context} a', [1, 260]))).toBe(`<s> size ${own.decode([260])} a`)
    expect(idsOf(own, 'bare', [1, 260]).slice(0, 2)).toEqual([1, 260])
  })
})

describe('a prompt for a model that was not trained to think', () => {
  const plainJson = () => {
    const json = byteLevel()
    return {...json, added_tokens: json.added_tokens.filter(({content}) => !/think/.test(content))}
  }
  const turns = '{% for m in messages %}[{{ m.content }}]{% endfor %}{% if add_generation_prompt %}<A>{% endif %}'
  const {prompt} = configSchema.parse({})
  const load = (json: object, chat_template?: string) =>
    loadTokenizer(writeTokenizer(json, {...byteLevelConfig, chat_template}))
  const nameFor = async (json: object, chat?: string) => describePrompt(await load(json, chat), prompt).template

  it('is chosen by vocabulary and chat template', async () => {
    expect(prompt.template).toBe('auto')
    expect(await nameFor(byteLevel())).toBe('v0')
    expect(await nameFor(plainJson())).toBe('opened')
    expect(await nameFor(plainJson(), turns)).toBe('opened')
    expect(await nameFor(plainJson(), `${turns}{# </think> #}`)).toBe('v0')
  })

  it("opens the thought where the model's turn has begun, unless the chat template has done so", async () => {
    const own = await load(plainJson(), turns)
    const text = own.decode(renderPrompt(own, prompt, contextOf([97, 98]), 4096).ids)
    expect(text).toBe(`[${builtIn('opened')!.instruction.replace('{context}', 'ab')}]<A><think>\n`)
    expect(opensThought(own, prompt)).toBe(true)
    const opening = await load(plainJson(), `${turns}<think>\n`)
    const given = {...prompt, template: 'opened'}
    expect(opening.decode(renderPrompt(opening, given, contextOf([97]), 4096).ids)).toMatch(/a\]<A><think>$/)
    expect(opensThought(own, {...prompt, template: 'tagged'})).toBe(false)
  })

  it('says whether anything tells how a thought ends', async () => {
    const own = await load(plainJson(), turns)
    const told = (template: string) => mentionsEnd(own, {...prompt, template})
    expect(['auto', 'opened', 'tagged', '{context}, then </think>'].map(told)).toEqual([true, true, true, true])
    expect(['v0', 'bare', 'boxed', '{context}<think>'].map(told)).toEqual([false, false, false, false])
    expect(mentionsEnd(await load(byteLevel()), {...prompt, template: 'v0'})).toBe(true)
  })

  it('tells how many tokens it has besides the context', () => {
    const {ids} = renderPrompt(tokenizer, prompt, contextOf([1000, 97, 98]), 4096)
    expect(instructionTokens(tokenizer, prompt)).toBe(ids.length - 2)
  })
})

describe('the built-in templates', () => {
  it.each(Object.keys(templates))('%s hold the context once and can be rendered', (name) => {
    const {instruction, opening = ''} = builtIn(name)!
    expect(instruction.split('{context}')).toHaveLength(2)
    const ids = render(name, [1000, 97, 98, 99])
    expect(Buffer.from(tokenizer.concatBytes(ids)).toString()).toBe(
      `<bos>${instruction.replace('{context}', 'abc')}${opening}`,
    )
  })

  it('have the properties of the study', () => {
    const names = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6'] as const
    const [v0, v1, v2, v3, v4, v5, v6] = names.map((name): string => templates[name].instruction)
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

it('the end of a context begins with the start token, and what fits stays as it is', () => {
  const end = (ids: readonly number[], maxTokens: number) => [
    ...endOfContext(tokenizer, Int32Array.from(ids), maxTokens),
  ]
  expect(end([97, 98, 99], 3)).toEqual([97, 98, 99])
  expect(end([97, 98, 99], 2)).toEqual([1000, 99])
  expect(end([1000, 97, 98, 99], 3)).toEqual([1000, 98, 99])
})

it('a token without bytes ends nothing in the continuation of a context', () => {
  const document = {docId: 'a:1', partition: 'train' as const, tokenIds: Int32Array.of(1000, 97, 5000, 98)}
  expect([...contextAt(document, 1, 'hard', tokenizer, 3).boundaries]).toEqual([1, 2])
})

it('of the line ends of a template file only the last is no part of it', () => {
  const templateFile = join(mkdtempSync(join(tmpdir(), 'rpt-template-')), 'own.txt')
  writeFileSync(templateFile, 'on: {context}\n\n')
  expect(promptParts(tokenizer, {template: 'auto', templateFile, chatTemplate: 'none'}).after).toBe('\n')
})
