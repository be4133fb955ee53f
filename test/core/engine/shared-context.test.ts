import {describe, expect, it} from 'vitest'
import {languageModelGraph} from '../../../src/core/engine/graphs/language-model.js'
import {policyGraph} from '../../../src/core/engine/graphs/policy.js'
import {parametersOf} from '../../../src/core/models/parameters.js'
import type {Graph} from '../../../src/core/onnx/graph.js'
import type {FloatType} from '../../../src/core/onnx/types.js'
import {Session, type TensorData} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {modelFeeds, randomWeights} from '../../support/random-weights.js'
import {worstShare} from '../../support/tiny-engine.js'
import {tinyModel} from '../../support/tiny-model.js'

interface Group {
  readonly prompt: readonly number[]
  readonly completions: readonly (readonly number[])[]
  /** Per completion. */
  readonly advantages: readonly number[]
}

interface Batch {
  readonly config: ReturnType<typeof tinyModel>
  readonly groups: readonly Group[]
  readonly float: FloatType
}

const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0}
const longest = (sequences: readonly (readonly number[])[]) => Math.max(...sequences.map(({length}) => length))
const tokensOf = (groups: readonly Group[]) =>
  groups.flatMap(({completions, advantages}) =>
    completions.flatMap((ids, g) => ids.map((target) => ({target, advantage: advantages[g]}))),
  )

/** A batch whose sizes, lengths, head layout and family follow from the seed. */
function randomBatch(seed: number, float: FloatType): Batch {
  const sampler = new Sampler(streamSeed(seed, 'shared context'))
  const one = <T>(choices: readonly T[]) => choices[sampler.integer(choices.length)]
  const [heads, kvHeads] = one([
    [4, 4],
    [4, 2],
    [4, 1],
    [2, 1],
  ])
  const config = tinyModel({
    model_type: one(['llama', 'qwen2', 'qwen3']),
    tie_word_embeddings: one([true, false]),
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: one([2, 4, 6]),
  })
  const ids = (length: number) => Array.from({length}, () => sampler.integer(11))
  const groupSize = 2 + sampler.integer(4)
  const groups = Array.from({length: 1 + sampler.integer(3)}, () => ({
    prompt: ids(1 + sampler.integer(12)),
    completions: Array.from({length: groupSize}, () => ids(1 + sampler.integer(6))),
    advantages: Array.from({length: groupSize}, () => sampler.normal()),
  }))
  return {config, groups, float}
}

async function outputsOf({config, float}: Batch, graph: Graph, positions: number, fed: Record<string, number[]>) {
  const Floats = float === 'float32' ? Float32Array : Float64Array
  const session = await Session.compile(graph, {device: 'cpu', threads: 1})
  const dtypes = new Map(graph.inputs.map(({name, dtype}) => [name, dtype]))
  const arrays = Object.entries(fed).map(([name, values]): [string, TensorData] => [
    name,
    dtypes.get(name) === 'int64' ? BigInt64Array.from(values, BigInt) : Floats.from(values),
  ])
  const weights = randomWeights(config, 5, 0.4)
  const outputs = await session.run({...modelFeeds(config, weights, positions, float), ...Object.fromEntries(arrays)})
  await session.release()
  return outputs
}

function gradientsIn(outputs: Readonly<Record<string, TensorData>>, {config}: Batch): Map<string, number[]> {
  return new Map(parametersOf(config).map(({name}) => [name, Array.from(outputs[`gradient/${name}`], Number)]))
}

/** Gradients with every context computed once for its completions, on-policy. */
async function sharedGradients(batch: Batch, weight: number): Promise<Map<string, number[]>> {
  const {config, groups, float} = batch
  const contextLength = Math.max(1, longest(groups.map(({prompt}) => prompt)) - 1) + 2
  const completionLength = longest(groups.flatMap(({completions}) => completions)) + 1
  const groupSize = groups[0].completions.length
  const tokens = tokensOf(groups)
  const shape = {contexts: groups.length, groupSize, contextLength, completionLength, trained: tokens.length}
  const fed: Record<string, number[]> = {ids: [], positions: [], context_lengths: [], trained_rows: []}
  const padded = (values: readonly number[], length: number) => Array.from({length}, (_, t) => values[t] ?? 0)
  for (const {prompt} of groups) {
    fed.ids.push(...padded(prompt.slice(0, -1), contextLength))
    fed.positions.push(...Array(contextLength).keys())
    fed.context_lengths.push(prompt.length - 1)
  }
  const contextTokens = fed.ids.length
  for (const {prompt, completions} of groups)
    for (const completion of completions) {
      fed.trained_rows.push(...completion.map((_, t) => fed.ids.length - contextTokens + t))
      fed.ids.push(...padded([prompt.at(-1)!, ...completion.slice(0, -1)], completionLength))
      fed.positions.push(...Array.from({length: completionLength}, (_, t) => prompt.length - 1 + t))
    }
  fed.targets = tokens.map(({target}) => target)
  const positions = contextLength + completionLength
  const scoring = policyGraph(config, shape, 1, undefined, {float}).op.graph
  // Without a gradient onnxruntime fuses silu into QuickGelu, which has no float64 kernel: score by the training graph.
  const graph = float === 'float32' ? scoring : policyGraph(config, shape, 1, objective, {float}).op.graph
  const ones = tokens.map(() => 1)
  const perToken = {
    old_logprobs: ones.map(() => 0),
    advantages: tokens.map(({advantage}) => advantage),
    completion_mask: ones,
    token_weights: ones.map(() => weight),
  }
  const scored = await outputsOf(batch, graph, positions, float === 'float32' ? fed : {...fed, ...perToken})
  const training = policyGraph(config, shape, 1, objective, {float}).op.graph
  const old = Array.from(scored.policy_logprobs, Number)
  return gradientsIn(await outputsOf(batch, training, positions, {...fed, ...perToken, old_logprobs: old}), batch)
}

/** Gradients of -sum of weight * advantage * log p over whole sequences, one row per completion. */
async function plainGradients(batch: Batch, weight: number): Promise<Map<string, number[]>> {
  const {config, groups, float} = batch
  const sequences = groups.flatMap(({prompt, completions}) => completions.map((ids) => [...prompt, ...ids]))
  const length = longest(sequences) - 1
  const starts = groups.flatMap(({prompt, completions}) => completions.map(() => prompt.length - 1))
  const completions = groups.flatMap((group) => group.completions)
  const tokens = tokensOf(groups)
  const shape = {rows: sequences.length, length, trained: tokens.length}
  const {op} = languageModelGraph(config, shape, {float})
  const fed = {
    ids: sequences.flatMap((ids) => Array.from({length}, (_, t) => (t < ids.length - 1 ? ids[t] : 0))),
    positions: sequences.flatMap(() => [...Array(length).keys()]),
    trained_rows: completions.flatMap((ids, row) => ids.map((_, t) => row * length + starts[row] + t)),
    targets: tokens.map(({target}) => target),
    token_weights: tokens.map(({advantage}) => weight * advantage),
  }
  return gradientsIn(await outputsOf(batch, op.graph, length, fed), batch)
}

const seeds = [1, 2, 3, 4, 5, 6, 7, 8]

describe('gradients with shared contexts equal those over whole sequences', () => {
  it.each(seeds)('in float64, random batch %d', async (seed) => {
    const batch = randomBatch(seed, 'float64')
    expect(worstShare(await sharedGradients(batch, 0.1), await plainGradients(batch, 0.1))).toBeLessThan(1e-11)
  })

  it.each(seeds)('in float32, random batch %d', async (seed) => {
    const batch = randomBatch(seed, 'float32')
    expect(worstShare(await sharedGradients(batch, 0.1), await plainGradients(batch, 0.1))).toBeLessThan(1e-5)
  })
})

it('gradients of a batch are the sums of those of its contexts in float64', async () => {
  for (const seed of seeds.slice(1, 3)) {
    const batch = randomBatch(seed, 'float64')
    const whole = await sharedGradients(batch, 0.1)
    const sums = new Map([...whole].map(([name, values]) => [name, values.map(() => 0)]))
    for (const group of batch.groups)
      for (const [name, values] of await sharedGradients({...batch, groups: [group]}, 0.1))
        values.forEach((value, i) => {
          sums.get(name)![i] += value
        })
    expect(worstShare(whole, sums)).toBeLessThan(1e-12)
  }
})
