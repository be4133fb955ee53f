import {describe, expect, it} from 'vitest'
import {languageModelGraph} from '../../../../src/core/engine/graphs/language-model.js'
import {policyGraph} from '../../../../src/core/engine/graphs/policy.js'
import {languageModelShape} from '../../../../src/core/engine/graphs/shapes.js'
import type {EngineWork} from '../../../../src/core/engine/memory/engine-work.js'
import {measureGraph} from '../../../../src/core/engine/memory/graph-memory.js'
import {estimateMemories, estimateMemory as estimateOn} from '../../../../src/core/engine/memory/memory.js'
import {largestLogprobShape, largestScoreShape} from '../../../../src/core/engine/memory/score-memory.js'
import {rowCounts} from '../../../../src/core/engine/segments/row-layout.js'
import {compiledBytes} from '../../../../src/core/engine/sessions/session-memory.js'
import {type ModelConfig, parseModelConfig} from '../../../../src/core/models/model-config.js'
import {parameterCount} from '../../../../src/core/models/parameters.js'
import {arenaOf} from '../../../../src/core/onnx/arena.js'
import {devices} from '../../../../src/core/runtime/devices.js'
import {bytesOf, large, model, rptWork, small} from './sample-work.js'

const estimateMemory = (work: EngineWork) => estimateOn(work, devices.cpu)

const totalOf = (values: readonly number[]) => values.reduce((sum, bytes) => sum + bytes, 0)

describe('estimateMemory', () => {
  it('counts weights once and moments twice, in float32', () => {
    const estimate = estimateMemory(rptWork(2))
    expect(bytesOf(estimate, 'weights')).toBe(4 * parameterCount(model))
    expect(bytesOf(estimate, 'moments of the optimizer')).toBe(8 * parameterCount(model))
    expect(estimate.parts.reduce((sum, {bytes}) => sum + bytes, 0)).toBe(estimate.totalBytes)
  })

  it('is made once for the same work, and anew for another device', () => {
    const work = rptWork(2)
    const [once, onCuda, again] = [devices.cpu, devices.cuda, devices.cpu].map((kind) => estimateMemories(work, kind))
    expect(estimateMemories(work, devices.cpu)).toBe(again)
    expect(again).toEqual(once)
    expect([once.device, onCuda.device === null]).toEqual([null, false])
  })

  it('names the classes of a GRPO step, the largest first', () => {
    const {parts} = estimateMemory(rptWork(16))
    expect(parts.map(({name}) => name).toSorted()).toEqual([
      'activations of the rollout',
      'activations of the update',
      'compiled graphs',
      'freed, not returned',
      'host buffers',
      'key-value cache of the rollout',
      'logits of the update',
      'moments of the optimizer',
      'program',
      'tokenizer',
      'weights',
    ])
    expect(parts.map(({bytes}) => bytes)).toEqual(parts.map(({bytes}) => bytes).toSorted((a, b) => b - a))
  })

  it('names the largest class that settings or the model decide', () => {
    const {largest, parts} = estimateMemory({model, languageModel: languageModelShape(4, 65, 256)})
    // One tensor of logits is the largest, but there are many activations.
    expect(largest.name).toBe('activations of the update')
    expect(largest.bytes).toBe(Math.max(...parts.filter(({name}) => name !== 'program').map(({bytes}) => bytes)))
  })

  it('tells what stays between runs: all graphs themselves, and what updates between 64 MiB and 1 GiB take', () => {
    const {keptBytes, graphBytes, parts} = estimateMemory(rptWork(16))
    expect(graphBytes.map((bytes) => bytes + bytesOf({parts}, 'compiled graphs'))).toContain(totalOf(keptBytes))
    for (const work of [rptWork(2), rptWork(1, large)]) {
      const estimate = estimateMemory(work)
      expect(totalOf(estimate.keptBytes)).toBe(bytesOf(estimate, 'compiled graphs'))
    }
  })

  it('tells what graphs of other lengths keep: 64 are compiled, and the last may join those below 1.25 GiB', () => {
    const perGraph = (work: EngineWork) => bytesOf(estimateMemory(work), 'compiled graphs') / 3
    expect(estimateMemory(rptWork(2)).othersBytes).toBeCloseTo(61 * perGraph(rptWork(2)), -1)
    const {graphBytes, othersBytes} = estimateMemory(rptWork(16))
    expect(Math.max(...graphBytes)).toBeGreaterThan(64 * 2 ** 20)
    expect(othersBytes).toBeCloseTo(61 * perGraph(rptWork(16)) + 1.25 * 2 ** 30, -1)
  })

  it('counts a graph of many layers as large as it is', () => {
    const deep = {...model, layers: 9}
    const {parts} = estimateMemory({model: deep, languageModel: languageModelShape(4, 65, 256)})
    const nodes = languageModelGraph(deep, languageModelShape(4, 65, 256)).op.graph.nodes.length
    expect(bytesOf({parts}, 'compiled graphs')).toBe(compiledBytes(nodes))
  })

  it('counts what the allocator keeps of freed arrays, up to a limit', () => {
    const kept = (contexts: number) =>
      bytesOf(estimateMemory({...rptWork(contexts), updateMode: 'segmented'}), 'freed, not returned')
    expect(kept(1)).toBeGreaterThan(0)
    expect(kept(4)).toBeGreaterThan(kept(1))
    // Blocks of graphs come on top.
    expect(kept(2048)).toBeGreaterThan(320 * 2 ** 20)
    expect(kept(2048)).toBeLessThan(400 * 2 ** 20)
  })

  it('counts a reference with its weights and its graph', () => {
    const plain = estimateMemory(rptWork(64))
    const withReference = estimateMemory({...rptWork(64), hasReference: true})
    expect(bytesOf(withReference, 'weights of the reference')).toBe(4 * parameterCount(model))
    expect(bytesOf(withReference, 'activations of the reference')).toBeGreaterThan(0)
    expect(withReference.graphBytes).toHaveLength(plain.graphBytes.length + 1)
  })

  it('counts the graph of a loss that asks the policy, and no weights for it', () => {
    const [plain, asking] = [false, true].map((asksPolicy) => estimateMemory({...rptWork(64), asksPolicy}))
    expect(bytesOf(asking, 'activations of the reference')).toBeGreaterThan(0)
    expect(bytesOf(asking, 'weights of the reference')).toBe(0)
    expect(asking.graphBytes).toHaveLength(plain.graphBytes.length + 1)
  })

  it('counts the arrays of an update layer by layer once, whatever passes through them', () => {
    const policy = {...rptWork(4), rollout: undefined, updateMode: 'segmented' as const, isAccumulated: true}
    const alone = estimateMemory(policy)
    const joint = estimateMemory({...policy, languageModel: languageModelShape(1, 17, 16)})
    for (const name of ['gradients', 'hidden rows of the update', 'attention that is kept'])
      expect(bytesOf(joint, name), name).toBe(bytesOf(alone, name))
  })

  it('counts the graphs of an update layer by layer once for each kind of layer, however late its first layer is', () => {
    const graphs = (interval: number) => {
      const layers = {model_type: 'smollm3', num_hidden_layers: 8, no_rope_layer_interval: interval}
      const work = rptWork(4, parseModelConfig({...small, ...layers}, 'config.json'))
      return estimateMemory({...work, rollout: undefined, updateMode: 'segmented'}).keptBytes.length
    }
    // Forward and backward: up to attention, and after it for all rows and for those of the completions.
    expect(graphs(4) - graphs(9)).toBe(2 * 3)
  })

  it('counts the products and arrays of a small update layer by layer in every phase, those of a large one in its own', () => {
    const {rollout} = rptWork(4096)
    const at = (contexts: number) => estimateMemory({...rptWork(contexts), rollout, updateMode: 'segmented'})
    const [small, large] = [at(1), at(512)]
    const rows = rowCounts(rptWork(1).policy!).all
    // 2 layers, each with a product of hidden width 64 and one of 2 x 160.
    expect(bytesOf(small, 'products that are kept')).toBe(2 * 4 * rows * (64 + 2 * 160))
    expect(bytesOf(small, 'hidden rows of the update')).toBe(4 * rows * 3 * 64)
    for (const name of ['products that are kept', 'hidden rows of the update'])
      expect(bytesOf(large, name), name).toBe(0)
    // Sampling is what needs most in both.
    for (const estimate of [small, large])
      expect(bytesOf(estimate, 'key-value cache of the rollout')).toBeGreaterThan(0)
  })

  it('counts the arrays of shorter texts where those of the longest do not stay, with graphs of many lengths', () => {
    const work = (limit: number) => ({...rptWork(limit), policy: rptWork(512).policy, updateMode: 'segmented' as const})
    const [sampling, updating] = [4096, 1].map((contexts) => estimateMemory(work(contexts)))
    const samplesAtPeak = [sampling, updating].map(
      (estimate) => bytesOf(estimate, 'key-value cache of the rollout') > 0,
    )
    expect(samplesAtPeak).toEqual([true, false])
    expect((sampling.othersBytes - updating.othersBytes) / 2 ** 20).toBeCloseTo(256, 0)
  })

  it('counts an average with its weights', () => {
    const withAverage = estimateMemory({...rptWork(2), hasAverage: true})
    expect(bytesOf(withAverage, 'moving average of the weights')).toBe(4 * parameterCount(model))
    expect(withAverage.totalBytes - estimateMemory(rptWork(2)).totalBytes).toBe(4 * parameterCount(model))
  })

  it('counts the logits of log-probability queries for the tokens that are asked for alone', () => {
    const wide = parseModelConfig({...small, vocab_size: 20_000}, 'config.json')
    const asking = (asked: number) => estimateMemory({model: wide, logprobs: {rows: 8, length: 16, asked}})
    const [few, all] = [32, 128].map((asked) => bytesOf(asking(asked), 'logits of log-probability queries'))
    expect(few).toBeGreaterThanOrEqual(4 * 32 * wide.vocabulary)
    expect(all / few).toBeCloseTo(4, 5)
    const estimate = estimateMemory({model, logprobs: {rows: 8, length: 512, asked: 16}})
    expect(estimate.parts.map(({name}) => name)).toContain('activations of log-probability queries')
    expect(estimate.keptBytes).toEqual([bytesOf(estimate, 'compiled graphs')])
  })

  it('counts the reference of a large model beside the update: a run of it takes little, and that stays', () => {
    const objective = {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0}
    const {graphBytes, keptBytes} = estimateMemory({...rptWork(1, large), objective, hasReference: true})
    expect(graphBytes).toHaveLength(2)
    expect(10 * Math.max(...keptBytes)).toBeLessThan(Math.max(...graphBytes))
  })

  it('grows with the micro-batch as activations and logits do', () => {
    const [one, four] = [1, 4].map((contexts) =>
      bytesOf(estimateMemory(rptWork(contexts)), 'activations of the update'),
    )
    expect(four / one).toBeGreaterThan(3)
    expect(four / one).toBeLessThan(4.5)
  })

  it('layer by layer needs a fraction, and grows with the length of completions as their rows do', () => {
    const at = (completionLength: number, updateMode: 'whole' | 'segmented') => {
      const policy = {contexts: 1, groupSize: 8, contextLength: 512, completionLength, trained: 8 * completionLength}
      const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0}
      return estimateMemory({model: large, objective, policy, updateMode}).totalBytes
    }
    expect(at(1024, 'segmented')).toBeLessThan(at(1024, 'whole') / 3.5)
    const [short, middle, long] = [1024, 2048, 4096].map((length) => at(length, 'segmented'))
    // A little less than twice: the attention that is kept has its limit.
    const growth = (long - middle) / (middle - short)
    expect(growth).toBeGreaterThan(1.8)
    expect(growth).toBeLessThan(2.05)
  })

  it('counts what the arena of a graph that keeps its memory takes, of however many layers', () => {
    const deep = parseModelConfig({...small, num_hidden_layers: 9}, 'config.json')
    const policy = rptWork(16).policy!
    const build = (of: ModelConfig) => policyGraph(of, policy, 1, {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0})
    const {parts, bytes, keepsMemory} = measureGraph({model: deep}, {kind: 'policy', of: 'policy', build}, devices.cpu)
    expect(keepsMemory).toBe(true)
    expect(bytes).toBe(arenaOf(build(deep).op.graph).usedBytes)
    expect(parts.reduce((sum, part) => sum + part.bytes, 0) / bytes).toBeCloseTo(1, 6)
  })

  it('counts copies of what runs hand over: of all graphs of a phase those that are most', () => {
    const gradients = 4 * parameterCount(model)
    const of = (changes: Partial<EngineWork>) => estimateMemory({...rptWork(16), rollout: undefined, ...changes})
    // Its arena keeps the memory, so the copies come on top; the sums of earlier micro-batches, too.
    const one = bytesOf(of({}), 'gradients')
    expect(one).toBeGreaterThanOrEqual(gradients)
    expect(bytesOf(of({isAccumulated: true}), 'gradients') - one).toBe(gradients)
    // Copies take the place of what a graph without an arena gives back.
    const small = {...rptWork(2), rollout: undefined}
    const {graphBytes} = estimateMemory(small)
    expect(graphBytes[0]).toBeGreaterThan(2 * gradients)
    expect(bytesOf(estimateMemory(small), 'gradients')).toBeLessThan(gradients)
    // Layer by layer, rows are handed over.
    const {totalBytes, parts} = of({updateMode: 'segmented'})
    expect(bytesOf({parts}, 'host buffers')).toBeGreaterThan(0)
    expect(parts.reduce((sum, {bytes}) => sum + bytes, 0)).toBe(totalBytes)
  })

  it('counts the weights of a model of 1.5 billion parameters four times, without a number that overflows', () => {
    const {totalBytes, parts} = estimateMemory(rptWork(8, large))
    expect(totalBytes).toBeGreaterThan(4 * 4 * parameterCount(large))
    expect(parts.every(({bytes}) => Number.isSafeInteger(bytes))).toBe(true)
  })
})

describe('largestScoreShape', () => {
  it('fills the batch with the longest sequences, one at the least', () => {
    expect(largestScoreShape({topK: 16, batchTokens: 4096}, 512)).toMatchObject({rows: 8, length: 512})
    expect(largestScoreShape({topK: 16, batchTokens: 4096}, 100)).toMatchObject({rows: 32, length: 112})
    expect(largestScoreShape({topK: 16, batchTokens: 64}, 512)).toMatchObject({rows: 1, length: 512})
  })
})

describe('largestLogprobShape', () => {
  it('fills the batch with the longest queries, one at the least', () => {
    const longest = {promptTokens: 500, continuationTokens: 13}
    expect(largestLogprobShape(4096, longest)).toEqual({rows: 8, length: 512, asked: 128})
    expect(largestLogprobShape(64, longest)).toEqual({rows: 1, length: 512, asked: 16})
    expect(largestLogprobShape(64, {promptTokens: 1, continuationTokens: 16})).toEqual({rows: 4, length: 16, asked: 64})
  })
})
