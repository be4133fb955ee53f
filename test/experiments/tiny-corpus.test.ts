import {readFileSync} from 'node:fs'
import {Tokenizer} from '@huggingface/tokenizers'
import {describe, expect, it} from 'vitest'
import {generate} from '../../experiments/tiny/generate-corpus.js'

const folder = new URL('../../experiments/tiny/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const rows = (lines: string) =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>)
const fresh = generate({seed: 0})
const specialTokens = ['<pad>', '<bos>', '<eos>', '<think>', '</think>']

/** Start state and operations as a reader finds them, without the generator's own record. */
function readSignature(text: string): string {
  const [, start] = /(?:shows|in|faces) (\w+)/.exec(text) ?? []
  const [, listed] = /: (.*?)\. After/.exec(text) ?? []
  return `${start} ${listed}`
}

describe('the corpus of the miniature experiment', () => {
  it('is what its generator writes with seed 0', () => {
    expect(fresh.corpus === read('corpus.jsonl')).toBe(true)
    expect(fresh.traces === read('traces.jsonl')).toBe(true)
  })

  it('is the same bytes for the same seed and others for another seed', () => {
    const small = (seed: number) => generate({seed, documents: 50, traces: 50})
    expect(small(3).corpus).toBe(small(3).corpus)
    expect(small(3).traces).toBe(small(3).traces)
    expect(small(4).corpus).not.toBe(small(3).corpus)
  })

  it('has no problem twice, and none that a trace was written on', () => {
    const texts = rows(read('corpus.jsonl')).map((row) => row.text)
    const signatures = new Set(texts.map(readSignature))
    expect(signatures.size).toBe(texts.length)
    expect(new Set(fresh.problems.map((problem) => problem.signature)).size).toBe(texts.length)
    const complete = rows(read('traces.jsonl')).filter((row) => /: .*?\. After/.test(row.prompt))
    expect(complete.length).toBeGreaterThan(1000)
    expect(complete.filter((row) => signatures.has(readSignature(row.prompt)))).toEqual([])
    const known = new Set(fresh.problems.map((problem) => problem.signature))
    expect(fresh.traceProblems.filter((problem) => known.has(problem.signature))).toEqual([])
  })

  it('prints the answers that its chains compute', () => {
    for (const {pieces} of fresh.problems) {
      const answers = pieces.filter((piece) => piece.chain !== undefined)
      expect(answers.length).toBeGreaterThan(1)
      for (const {text, chain} of answers) expect(` ${chain!.at(-1)}`).toBe(text)
    }
  })

  it('encodes and decodes byte for byte and holds no special token', {timeout: 30_000}, () => {
    const tokenizer = new Tokenizer(JSON.parse(read('tokenizer.json')), JSON.parse(read('tokenizer_config.json')))
    const texts = rows(read('corpus.jsonl')).map((row) => row.text)
    expect(specialTokens.filter((token) => texts.some((text) => text.includes(token)))).toEqual([])
    for (const text of texts) {
      const {ids} = tokenizer.encode(text, {add_special_tokens: false})
      expect(Math.min(...ids)).toBeGreaterThanOrEqual(specialTokens.length)
      expect(tokenizer.decode(ids)).toBe(text)
    }
  })
})

describe('the traces of the miniature experiment', () => {
  it('think between the tags and end with a box', () => {
    const malformed = rows(read('traces.jsonl')).filter(
      ({prompt, completion}) =>
        !prompt.endsWith('<think>') || !/^( [\w+-]+)+<\/think>\\boxed\{[^{}]+\}$/.test(completion),
    )
    expect(malformed).toEqual([])
  })
})
