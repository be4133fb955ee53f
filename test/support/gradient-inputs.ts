import {policyGraph} from '../../src/core/engine/graphs/policy.js'
import {allParametersOf} from '../../src/core/models/adapters.js'
import type {ModelConfig} from '../../src/core/models/model-config.js'
import {rotaryTables} from '../../src/core/nn/rotary.js'
import type {Graph} from '../../src/core/onnx/graph.js'
import {Session, type TensorData} from '../../src/core/runtime/session.js'
import type {Sampler} from '../../src/core/util/rng.js'
import {sizeOf} from '../../src/core/util/shape.js'
import {worstDifference} from './grad-check.js'

/** Small inputs, in float64, on which gradients of whole decoders are compared with central differences. */

const indices = (values: readonly number[]) => BigInt64Array.from(values, BigInt)

/** Two rows, the second shorter, with padding and a trained token that weighs nothing. */
export const languageModelCase = {
  shape: {rows: 2, length: 5, trained: 6},
  feeds: {
    ids: indices([1, 4, 4, 7, 9, 1, 3, 10, 0, 0]),
    positions: indices([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]),
    trained_rows: indices([0, 2, 3, 5, 6, 0]),
    targets: indices([4, 7, 9, 3, 10, 0]),
    token_weights: Float64Array.of(0.3, 0.1, 0.2, 0.25, 0.15, 0),
  },
}

const policyShape = {contexts: 2, groupSize: 2, contextLength: 4, completionLength: 3, trained: 10}
const objective = {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0.05}

/** Two contexts of two completions, of unlike lengths, with KL and entropy terms. */
export const policyCase = {
  shape: policyShape,
  objective,
  graph: (config: ModelConfig) => policyGraph(config, policyShape, 0.8, objective, {float: 'float64'}),
  feeds(sampler: Sampler) {
    const rows = [0, 1, 2, 3, 4, 6, 7, 8, 9, 0]
    const old = rows.map(() => Math.log(1 / 11) + 0.5 * sampler.normal())
    return {
      ids: indices([1, 4, 7, 0, 1, 9, 0, 0, ...[8, 5, 3], ...[8, 6, 0], ...[3, 4, 9], ...[3, 7, 0]]),
      positions: indices([0, 1, 2, 3, 0, 1, 2, 3, ...[3, 4, 5], ...[3, 4, 5], ...[2, 3, 4], ...[2, 3, 4]]),
      context_lengths: indices([3, 2]),
      trained_rows: indices(rows),
      targets: indices([5, 3, 2, 6, 2, 4, 9, 2, 7, 0]),
      old_logprobs: Float64Array.from(old),
      ref_logprobs: Float64Array.from(old, (value) => value + 0.2 * sampler.normal()),
      advantages: Float64Array.from([1, 1, 1, -1, -1, 0.5, 0.5, 0.5, -0.5, 0]),
      completion_mask: Float64Array.from(rows, (_, i) => Number(i < 9)),
      token_weights: Float64Array.from(rows, (_, i) => (i < 9 ? 1 / 9 : 0)),
    }
  },
}

/** How gradients of some parameters are compared. */
export interface Comparison {
  readonly names: readonly string[]
  /** Entries of each that are compared. */
  readonly entries: number
  /** Deviation of the random weights. */
  readonly deviation: number
}

/** The worst relative difference between gradients of a graph and central differences, with random weights. */
export async function worstGradient(
  graph: Graph,
  config: ModelConfig,
  fed: Record<string, TensorData>,
  sampler: Sampler,
  {names, entries, deviation}: Comparison,
): Promise<number> {
  const tables = rotaryTables(graph.inputs.find(({name}) => name === 'rotary.cos')!.shape[0], config.headSize, 10000)
  const weights = allParametersOf(config).map(({name, shape}) => {
    const offset = name.includes('norm') ? 1 : 0
    return [name, Float64Array.from({length: sizeOf(shape)}, () => offset + deviation * sampler.normal())]
  })
  const feeds = {...Object.fromEntries(weights), 'rotary.cos': tables.cos, 'rotary.sin': tables.sin, ...fed}
  const session = await Session.compile(graph, {device: 'cpu', threads: 1})
  const pairs = names.map((name): [string, string] => [name, `gradient/${name}`])
  return worstDifference(session, feeds, pairs, entries)
}
