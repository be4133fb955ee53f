import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {logprobsGraph} from '../../../../src/core/engine/graphs/logprobs.js'
import {LocalEngine} from '../../../../src/core/engine/local-engine.js'
import {type ModelConfig, readModelConfig} from '../../../../src/core/models/model-config.js'
import type {LogprobQuery} from '../../../../src/core/records/records.js'
import {Session} from '../../../../src/core/runtime/session.js'
import {DataError, RuntimeFailure} from '../../../../src/core/util/errors.js'
import {joinIds} from '../../../../src/core/util/join-ids.js'
import {Sampler, streamSeed} from '../../../../src/core/util/rng.js'
import {modelFeeds, randomWeights} from '../../../support/random-weights.js'
import {readTensors} from '../../../support/read-tensors.js'
import {type Checkpoint, referenceLogprobs} from '../../../support/reference-decoder.js'
import {engineModel, optimizer, promptsOf, sampling, temporaryFolder, tinyEngine} from '../../../support/tiny-engine.js'
import {tinyModel} from '../../../support/tiny-model.js'

type Lengths = readonly [prompt: number, continuation: number]

/** Queries of those lengths; ids depend on the index alone. */
function queriesOf(lengths: readonly Lengths[], vocabulary = 97, of: LogprobQuery['of'] = 'policy'): LogprobQuery[] {
  return lengths.map(([prompt, continuation], i) => {
    const sampler = new Sampler(streamSeed(5, 'query', i))
    const draw = (length: number) => Int32Array.from({length}, () => 3 + sampler.integer(vocabulary - 3))
    return {of, prompt: draw(prompt), continuation: draw(continuation)}
  })
}

const several: readonly Lengths[] = [
  [1, 1],
  [1, 2],
  [15, 1],
  [15, 3],
  [16, 1],
  [3, 30],
  [40, 17],
  [60, 5],
  [60, 5],
  [33, 33],
]

/** The same in plain float64 loops. */
function expectedOf(config: ModelConfig, tensors: Checkpoint, query: LogprobQuery, temperature = 1): number[] {
  const {prompt, continuation} = query
  const rows = referenceLogprobs(config, tensors, [...joinIds(prompt, continuation)])
  return [...continuation].map((id, t) => {
    const scaled = rows[prompt.length - 1 + t].map((logprob) => logprob / temperature)
    return scaled[id] - Math.log(scaled.reduce((sum, logprob) => sum + Math.exp(logprob), 0))
  })
}

function tensorsOf(folder: string, file = 'model.safetensors'): Checkpoint {
  return new Map([...readTensors(join(folder, file))].map(([name, {data}]) => [name, Array.from(data, Number)]))
}

function expectClose(answers: readonly Float32Array[], expected: readonly number[][]): void {
  expect(answers.map(({length}) => length)).toEqual(expected.map(({length}) => length))
  answers.forEach((answer, i) => {
    for (const [t, logprob] of answer.entries())
      expect(logprob, `query ${i}, token ${t}`).toBeCloseTo(expected[i][t], 4)
  })
}

const settings = {batchTokens: 128}

describe('log-probabilities are those of a decoder in plain loops', () => {
  const base = fileURLToPath(new URL('../../../../experiments/tiny/base', import.meta.url))

  it('for the embedded checkpoint', async () => {
    const engine = new LocalEngine({device: 'cpu', threads: 2})
    await engine.load({checkpoint: base})
    const config = await readModelConfig(base)
    const queries = queriesOf(several.slice(0, 7), config.vocabulary)
    const tensors = tensorsOf(base)
    const expected = queries.map((query) => expectedOf(config, tensors, query))
    // Far from uniform, so that a shift by one is seen.
    expect(Math.max(...expected.flat()) - Math.min(...expected.flat())).toBeGreaterThan(5)
    expectClose(await engine.logprobs(queries, settings), expected)
    await engine.close()
  })

  it.each([1, 0.5])('for a random model with shared key-value heads at temperature %d', async (temperature) => {
    const engine = await tinyEngine()
    const folder = temporaryFolder()
    await engine.save(folder, false)
    const tensors = tensorsOf(folder)
    const queries = queriesOf(several)
    const expected = queries.map((query) => expectedOf(engineModel, tensors, query, temperature))
    // One temperature after the other: each has a graph of its own.
    const plain = await engine.logprobs(queries, settings)
    expect(await engine.logprobs(queries, {...settings, temperature: 1})).toEqual(plain)
    expectClose(await engine.logprobs(queries, {...settings, temperature}), expected)
    await engine.close()
  })

  it('of policy, average and reference, each with its own weights', async () => {
    const engine = await tinyEngine()
    const update = () =>
      engine.updateLanguageModel({
        rows: [{ids: promptsOf([30], 1)[0].ids, trainedFrom: 1}],
        rowsPerMicroBatch: 1,
        mode: 'whole',
        optimizer: {...optimizer, learningRate: 0.02},
      })
    const [first, last] = [temporaryFolder(), temporaryFolder()]
    await engine.keepReference()
    await engine.save(first, false)
    await engine.keepAverage()
    await update()
    await engine.blendAverage(0.5)
    await engine.save(last, true)
    const tensors = {
      policy: tensorsOf(last),
      average: tensorsOf(last, 'average.safetensors'),
      reference: tensorsOf(first),
    }
    const kinds = ['reference', 'policy', 'average'] as const
    const queries = queriesOf(several.slice(3, 6)).flatMap((query) => kinds.map((of) => ({...query, of})))
    const expected = queries.map((query) => expectedOf(engineModel, tensors[query.of], query))
    const [reference, policy, average] = expected.map(([logprob]) => logprob)
    expect(Math.min(Math.abs(policy - average), Math.abs(reference - average))).toBeGreaterThan(0.01)
    expectClose(await engine.logprobs(queries, settings), expected)
    await engine.close()
  })
})

it('log-probabilities are those of sampling, at its temperature', async () => {
  const engine = await tinyEngine()
  const prompts = promptsOf([2, 17, 40], 4)
  const request = {prompts, maxTokens: 12, contextsPerBatch: 3, sampling: {...sampling, temperature: 0.7}}
  const {groups} = await engine.rollout(request)
  const queries = groups.flatMap((group, i) =>
    group.map(({ids}) => ({of: 'policy', prompt: prompts[i].ids, continuation: ids}) as const),
  )
  const answers = await engine.logprobs(queries, {batchTokens: 256, temperature: 0.7})
  const old = groups.flatMap((group) => group.map(({oldLogprobs}) => oldLogprobs))
  for (const [i, answer] of answers.entries())
    for (const [t, logprob] of answer.entries()) expect(logprob).toBeCloseTo(old[i][t], 5)
  await engine.close()
})

describe('an answer does not depend on the other queries', () => {
  it.each([1, 2])('bit for bit, in any order and any batch, %d threads', async (threads) => {
    const engine = await tinyEngine({threads})
    const queries = queriesOf(several)
    const answers = await engine.logprobs(queries, settings)
    expect((await engine.logprobs(queries.toReversed(), settings)).toReversed()).toEqual(answers)
    for (const [i, query] of queries.entries())
      expect(await engine.logprobs([query], settings), `query ${i} alone`).toEqual([answers[i]])
    for (const batchTokens of [1, 64, 1000, 4096])
      expect(await engine.logprobs(queries, {batchTokens}), `${batchTokens} tokens`).toEqual(answers)
    await engine.close()
  })

  it('and is what scoring finds for the whole sequence', async () => {
    const engine = await tinyEngine()
    const queries = queriesOf(several)
    const sequences = queries.map(({prompt, continuation}) => joinIds(prompt, continuation))
    const scores = await engine.score(sequences, {topK: 4, batchTokens: 300})
    const expected = scores.map(({targetLogprob}, i) => targetLogprob.slice(queries[i].prompt.length - 1))
    expect(await engine.logprobs(queries, settings)).toEqual(expected)
    await engine.close()
  })
})

it('equal queries are computed once and answered in memory of their own', async () => {
  const engine = await tinyEngine()
  const said: string[] = []
  engine.watch((words) => said.push(words))
  const [one, other] = queriesOf([
    [20, 4],
    [9, 2],
  ])
  // The same tokens, cut elsewhere, are another question.
  const cut = {
    ...one,
    prompt: joinIds(one.prompt, one.continuation.subarray(0, 1)),
    continuation: one.continuation.slice(1),
  }
  const copy = {...one, prompt: one.prompt.slice()}
  const answers = await engine.logprobs([one, other, copy, cut, one], {batchTokens: 4096})
  expect(said).toEqual(['asking the policy, 3/3 queries done'])
  expect(answers[2]).toEqual(answers[0])
  expect(answers[4].buffer).not.toBe(answers[0].buffer)
  expect(answers[3]).toEqual(answers[0].slice(1))
  expect(await engine.logprobs([], settings)).toEqual([])
  await engine.close()
})

describe('refused, with its number and lengths,', () => {
  const sound = queriesOf([[5, 5]])
  it.each([
    ['an empty prompt', [0, 3], /^query 1 has 0 tokens of prompt and 3 of continuation; expected at least one/],
    ['an empty continuation', [3, 0], /^query 1 has 3 tokens of prompt and 0 of continuation; expected at least one/],
    [
      'more than the positions',
      [200, 57],
      /^query 1 has 200 tokens of prompt and 57 of .*; the model has 256 positions$/,
    ],
  ] as const)('is a query with %s', async (_, lengths, message) => {
    const engine = await tinyEngine()
    const asking = engine.logprobs([...sound, ...queriesOf([lengths])], settings)
    await expect(asking).rejects.toThrow(DataError)
    await expect(asking).rejects.toThrow(message)
    expect(await engine.logprobs(queriesOf([[200, 56]]), settings)).toHaveLength(1)
    await engine.close()
  })

  it.each(['average', 'reference'] as const)('is a query to the %s that was never kept', async (of) => {
    const engine = await tinyEngine()
    const asking = engine.logprobs([...sound, ...queriesOf([[5, 5]], 97, of)], settings)
    await expect(asking).rejects.toThrow(RuntimeFailure)
    await expect(asking).rejects.toThrow(`query 1 asks the ${of} weights, but none were kept`)
    await engine.close()
  })
})

describe('the graph', () => {
  const config = tinyModel({vocab_size: 97})
  const shape = {rows: 2, length: 32, asked: 16}

  it('projects the rows that are asked for and no others, never a single one', () => {
    for (const logitsAtOnce of [undefined, 4, 500]) {
      const {op} = logprobsGraph(config, {...shape, logitsAtOnce}, 1)
      const products = op.graph.nodes.filter((node) => node.op === 'MatMul' || node.op === 'FusedMatMul')
      const rows = products.map(({outputs: [product]}) => product.shape).filter((of) => of.at(-1) === config.vocabulary)
      expect(rows.reduce((sum, [count]) => sum + count, 0)).toBe(shape.asked)
      expect(products.filter(({inputs}) => inputs[0].shape.at(-2) === 1)).toEqual([])
    }
  })

  it.each([4, 200, 1000])('gives the same bits when %d logits are held at once', async (logitsAtOnce) => {
    const sampler = new Sampler(streamSeed(1, 'score'))
    const draw = (length: number, below: number) => BigInt64Array.from({length}, () => BigInt(sampler.integer(below)))
    const feeds = {
      ...modelFeeds(config, randomWeights(config, 2), shape.length, 'float32'),
      ids: draw(64, 97),
      positions: BigInt64Array.from({length: 64}, (_, i) => BigInt(i % 32)),
      asked_rows: draw(16, 64),
      targets: draw(16, 97),
    }
    const answer = async (atOnce?: number) => {
      const {op} = logprobsGraph(config, {...shape, logitsAtOnce: atOnce}, 1)
      const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
      const results = await session.run(feeds)
      await session.release()
      return results
    }
    expect(await answer(logitsAtOnce)).toEqual(await answer())
  })
})
