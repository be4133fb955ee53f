import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {checkSampled} from '../../../src/core/samplers/check-sampled.js'
import {NumericError} from '../../../src/core/util/errors.js'
import {promptsOf, tinyEngine} from '../../support/tiny-engine.js'

/** A model whose activations float16 cannot hold. */
describe('numbers of a model that are not finite', () => {
  let broken: LocalEngine
  beforeAll(async () => {
    broken = await tinyEngine({precision: 'float16-rounded', embeddingStd: 1e5})
  })
  afterAll(() => broken.close())

  const sequences = promptsOf([9], 1).map(({ids}) => ids)
  const query = {of: 'policy', prompt: sequences[0].slice(0, 5), continuation: sequences[0].slice(5)} as const

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'scores',
      () => broken.score(sequences, {topK: 5, batchTokens: 64}),
      /entropy after token \d of sequence 0 is NaN/,
    ],
    [
      'queries',
      () => broken.logprobs([query], {batchTokens: 64}),
      /log-probability of token \d of a continuation is NaN/,
    ],
  ])('end %s with what may mend them', async (_, compute, words) => {
    const error: NumericError = await compute().then(
      () => expect.unreachable(),
      (thrown) => thrown,
    )
    expect(error).toBeInstanceOf(NumericError)
    expect(error.message).toMatch(words)
    expect(error.suggestions).toEqual([
      expect.stringContaining('set precision to float32'),
      expect.stringContaining('earlier checkpoint'),
    ])
  })

  it('are told of sampled tokens by item, and float32 is advised only where products are not in it', () => {
    const prompt = {key: {source: 'a.jsonl:3', index: 7}, ids: Int32Array.of(1), cutTokens: 0, contextTokens: 1}
    const check = (precision: 'float32' | 'float16') => () =>
      checkSampled(prompt, Float32Array.of(-1, Number.NaN), precision, ['restart'])
    expect(check('float16')).toThrow(/sampled for a\.jsonl:3 position 7 is NaN; expected a finite number/)
    expect(check('float16')).toThrow(
      expect.objectContaining({suggestions: [expect.stringMatching(/float32/), 'restart']}),
    )
    expect(check('float32')).toThrow(expect.objectContaining({suggestions: ['restart']}))
    checkSampled(prompt, Float32Array.of(-1, -2), 'float16')
  })
})
