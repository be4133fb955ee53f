import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {readCompletions} from '../../../src/core/data/completions.js'
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
    await expect(read(rows, 3)).rejects.toThrow(/traces\.jsonl:2 has 4 tokens; train\.maxRowTokens.* allow 3/)
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
