import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {readCompletions} from '../../../src/core/corpus/completions.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {DataError} from '../../../src/core/util/errors.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

function read(content: string | Uint8Array, maxTokens = 100) {
  const file = join(mkdtempSync(join(tmpdir(), 'rpt-completions-')), 'traces.jsonl')
  writeFileSync(file, content)
  return readCompletions(file, {tokenizer, chatTemplate: null, maxTokens})
}

/** Messages in angle brackets, each ended by <eos>; the assistant's turn is begun by its bracket. */
const source =
  '{% for m in messages %}<{{ m.role }}>{{ m.content }}<eos>\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}'
const ask = [{role: 'user', content: 'q'}]
const answer = [{role: 'assistant', content: ' a'}]

function readChats(rows: readonly unknown[], template = source) {
  const file = join(mkdtempSync(join(tmpdir(), 'rpt-completions-')), 'chats.jsonl')
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return readCompletions(file, {
    tokenizer,
    chatTemplate: {file: 'x.jinja', source: template, tokens: {}},
    maxTokens: 500,
  })
}

describe('rows of messages', () => {
  it('are what the template writes up to the turn of the assistant, then what it writes from there on', async () => {
    const long = [...ask, ...answer, ...ask, ...answer]
    const plain = {prompt: 'x', completion: 'y'}
    const rows = await readChats([
      {messages: [...ask, ...answer]},
      plain,
      {messages: long},
      {prompt: ask, completion: answer},
    ])
    const spelled = rows.map(({ids, trainedFrom}) => [
      tokenizer.decode(ids.subarray(0, trainedFrom)),
      tokenizer.decode(ids.subarray(trainedFrom)),
    ])
    const turn = '<user>q<eos>\n<assistant>'
    expect(spelled).toEqual([
      [turn, ' a<eos>\n'],
      ['<bos>x', 'y<eos>'],
      [`${turn} a<eos>\n${turn}`, ' a<eos>\n'],
      [turn, ' a<eos>\n'],
    ])
    expect([...rows[0].ids].filter((id) => id === 1001)).toHaveLength(2)
  })

  it('are more than a process takes at once, in their order', async () => {
    const rows = await readChats(
      Array.from({length: 150}, (_, i) => ({messages: [...ask, {role: 'assistant', content: `${i}`}]})),
    )
    expect(rows.map(({ids, trainedFrom}) => tokenizer.decode(ids.subarray(trainedFrom)))).toEqual(
      Array.from({length: 150}, (_, i) => `${i}<eos>\n`),
    )
  })

  it('end with the end token where the template writes none', async () => {
    const [row] = await readChats(
      [{messages: [...ask, ...answer]}],
      '{% for m in messages %}{{ m.content }}{% endfor %}',
    )
    expect(tokenizer.decode(row.ids)).toBe('q a<eos>')
  })

  it('hand tools to the template', async () => {
    const described = `{% if tools %}{{ tools | length }}{% endif %}${source}`
    const [row] = await readChats([{messages: [...ask, ...answer], tools: [{}, {}]}], described)
    expect(tokenizer.decode(row.ids)).toMatch(/^2<user>q/)
  })

  it.each<[string, unknown, RegExp]>([
    [
      'a last message of the user',
      {messages: ask},
      /chats\.jsonl:1: the last message has role "user"; expected the assistant's/,
    ],
    ['a completion of the user', {prompt: ask, completion: ask}, /the last message has role "user"/],
    ['messages beside a text', {prompt: ask, completion: 'a'}, /chats\.jsonl:1: prompt is \[\{"role"/],
    ['a document', {text: 'a'}, /chats\.jsonl:1: prompt is missing; expected \{"prompt": .*"messages"/],
    [
      'an image',
      {messages: [{role: 'user', content: [{type: 'image'}]}, ...answer]},
      /messages: message 1: part 1 is of type "image"/,
    ],
    ['tools in words', {messages: [...ask, ...answer], tools: 'x'}, /tools is a string; expected a list/],
    ['half a surrogate pair', {messages: [...ask, {role: 'assistant', content: '\ud800'}]}, /half a surrogate pair/],
  ])('are refused with the row: %s', async (_, row, message) => {
    const failure = readChats([row])
    await expect(failure).rejects.toThrow(DataError)
    await expect(failure).rejects.toThrow(message)
  })

  it('are refused where the template writes the prompt otherwise, or nothing behind it', async () => {
    const rows = [{messages: [...ask, ...answer]}]
    const changing = `{{ messages | length }}${source}`
    await expect(readChats(rows, changing)).rejects.toThrow(
      /chats\.jsonl:1: the chat template writes the prompt differently when the answer follows, from character 1 on/,
    )
    await expect(readChats(rows, '{{ messages[0].content }}')).rejects.toThrow(/makes an empty completion/)
    await expect(readChats(rows, '{{ raise_exception("no") }}')).rejects.toThrow(
      /x\.jinja does not take its messages: no/,
    )
  })

  it('are refused without a template', async () => {
    await expect(read('{"messages":[{"role":"assistant","content":"a"}]}')).rejects.toThrow(/no chat template/)
  })
})

describe('rows of prompt and completion', () => {
  it('are start token, prompt, completion, end token; trained from the completion on', async () => {
    const [row] = await read('{"prompt":"a<think>","completion":"b</think>"}')
    expect([...row.ids]).toEqual([1000, 97, 1003, 98, 1004, 1001])
    expect(row.trainedFrom).toBe(3)
  })

  it('are trained from their second token on without a prompt, for the first has no context', async () => {
    const plain = await loadTokenizer(writeTokenizer(byteLevel()))
    const file = join(mkdtempSync(join(tmpdir(), 'rpt-completions-')), 'traces.jsonl')
    writeFileSync(file, '{"prompt":"","completion":"ab"}')
    const [row] = await readCompletions(file, {tokenizer: plain, chatTemplate: null, maxTokens: 2})
    expect([[...row.ids], row.trainedFrom]).toEqual([[97, 98], 1])
    expect((await read('{"prompt":"","completion":"ab"}'))[0].trainedFrom).toBe(1)
  })

  it('may be as long as allowed and no longer', async () => {
    const rows = '\n{"prompt":"a","completion":"b"}\n'
    expect((await read(rows, 4))[0].ids).toHaveLength(4)
    await expect(read(rows, 3)).rejects.toMatchObject({
      message: expect.stringMatching(/traces\.jsonl:2 has 4 tokens; train\.maxRowTokens.* allow 3/),
      suggestions: [expect.stringContaining('raise train.maxRowTokens'), 'shorten the row, or leave it out'],
    })
  })

  it.each<[string, string | Uint8Array, RegExp]>([
    ['not JSON', '{"prompt":"a","completion":"b"}\n\nno', /traces\.jsonl:3 is not JSON/],
    ['no completion', '{"prompt":"a"}', /traces\.jsonl:1: completion/],
    ['an empty completion', '{"prompt":"a","completion":""}', /traces\.jsonl:1: completion/],
    ['not UTF-8', Buffer.from('{"prompt":"\xff","completion":"b"}', 'latin1'), /traces\.jsonl:1 is not UTF-8/],
    ['no rows', '\n', /has no rows/],
    ['far too long', JSON.stringify({prompt: '', completion: 'x,'.repeat(150_000)}), /:1 has 300002 tokens/],
  ])('are refused with the row: %s', async (_, content, message) => {
    const failure = read(content)
    await expect(failure).rejects.toThrow(DataError)
    await expect(failure).rejects.toThrow(message)
  })

  it('are not read from a file that is not there', async () => {
    await expect(readCompletions('/no/such.jsonl', {tokenizer, chatTemplate: null, maxTokens: 9})).rejects.toThrow(
      /no such file or folder/,
    )
  })
})
