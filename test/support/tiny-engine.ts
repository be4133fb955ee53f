import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll} from 'vitest'
import type {PrecisionName} from '../../src/core/config/names.js'
import {LocalEngine} from '../../src/core/engine/local-engine.js'
import type {RolloutRequest} from '../../src/core/engine/sampling/rollout-request.js'
import type {Device} from '../../src/core/runtime/devices.js'
import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {readTensors} from './read-tensors.js'
import {tinyModel} from './tiny-model.js'

/** A two-layer model with shared key-value heads, large enough for threads and length buckets to matter. */
export const engineModel = tinyModel({
  vocab_size: 97,
  hidden_size: 64,
  intermediate_size: 96,
  max_position_embeddings: 256,
})

/** An engine in this thread with a random model; the wider its embeddings, the farther its predictions from uniform. */
export async function tinyEngine({
  model = engineModel,
  device = 'cpu' as Device,
  precision = 'float32' as PrecisionName,
  threads = 1,
  seed = 1,
  embeddingStd = 0.25,
} = {}) {
  const config = join(temporaryFolder(), 'config.json')
  writeFileSync(config, JSON.stringify(model.source))
  const engine = new LocalEngine({device, precision, threads})
  await engine.load({config, init: {embeddingStd, linearGain: 1, residualScale: 1}, seed})
  return engine
}

const folders: string[] = []

afterAll(() => {
  for (const folder of folders) rmSync(folder, {recursive: true, force: true})
})

/** A new folder in the system's place for them, removed after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-engine-'))
  folders.push(folder)
  return folder
}

/** The engine's weights and first moments (a tenth of the gradient after one update) by name. */
export async function stateOf(engine: LocalEngine) {
  const folder = temporaryFolder()
  await engine.save(folder, true)
  const tensors = (file: string) =>
    [...readTensors(join(folder, file))].map(([name, {data}]): [string, number[]] => [name, Array.from(data, Number)])
  const moments = tensors('optimizer.safetensors').filter(([name]) => name.endsWith('/first'))
  return {folder, weights: new Map(tensors('model.safetensors')), moments: new Map(moments)}
}

/** Largest difference of two sets of tensors, in units of the largest entry of its tensor. */
export function worstShare(a: ReadonlyMap<string, number[]>, b: ReadonlyMap<string, number[]>): number {
  return Math.max(
    ...[...a].map(([name, values]) => {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - b.get(name)![i])), 0)
      return worst === 0 ? 0 : worst / largest
    }),
  )
}

/** Prompts of those lengths with G streams each; a prompt's ids and streams depend on its number alone. */
export function promptsOf(lengths: readonly number[], groupSize: number, vocabulary = 97): RolloutRequest['prompts'] {
  return lengths.map((length, i) => {
    const sampler = new Sampler(streamSeed(1, 'prompt', i))
    return {
      ids: Int32Array.from({length}, () => 3 + sampler.integer(vocabulary - 3)),
      streams: Array.from({length: groupSize}, (_, sample) => streamSeed(1, 'draw', i, sample)),
    }
  })
}

export const sampling = {temperature: 1, greedy: false, endIds: [2]}
export const optimizer = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradNorm: 1e9,
}
