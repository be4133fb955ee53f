import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {LocalEngine} from '../../src/core/engine/local-engine.js'
import type {PolicyRequest} from '../../src/core/engine/update/policy-request.js'
import type {PolicyUpdate} from '../../src/core/engine/update/policy-update.js'
import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {optimizer, promptsOf, sampling, stateOf, tinyEngine} from './tiny-engine.js'

export const manyLengths = [3, 9, 17, 18, 30, 47, 60]
const groupSize = 4

type Groups = Awaited<ReturnType<LocalEngine['rollout']>>['groups']

/** Groups of four completions of prompts of these lengths. */
export async function sampledBy(
  engine: LocalEngine,
  lengths: readonly number[] = manyLengths,
  temperature = 1,
): Promise<Groups> {
  const {groups} = await engine.rollout({
    prompts: promptsOf(lengths, groupSize),
    maxTokens: 12,
    contextsPerBatch: 3,
    sampling: {...sampling, endIds: [2, 10, 20, 30, 40], temperature},
  })
  return groups
}

const sampledBefore = new Map<string, Promise<Groups>>()

/** What every engine of `tinyEngine()` samples at first, as their weights are the same: sampled once. */
function sampledAtFirst(lengths: readonly number[], temperature: number): Promise<Groups> {
  const sample = async () => {
    const engine = await tinyEngine()
    const groups = await sampledBy(engine, lengths, temperature)
    await engine.close()
    return groups
  }
  const key = `${lengths} at ${temperature}`
  if (!sampledBefore.has(key)) sampledBefore.set(key, sample())
  return sampledBefore.get(key)!
}

/** A policy request from sampled completions. */
export async function requestFrom(
  changes: Partial<PolicyRequest> = {},
  lengths: readonly number[] = manyLengths,
  sampled?: Groups,
): Promise<PolicyRequest> {
  const prompts = promptsOf(lengths, groupSize)
  const temperature = changes.temperature ?? 1
  const groups = sampled ?? (await sampledAtFirst(lengths, temperature))
  const sampler = new Sampler(streamSeed(4, 'advantages'))
  return {
    groups: groups.map((completions, i) => ({
      promptIds: prompts[i].ids,
      completions,
      advantages: completions.map(() => sampler.normal()),
    })),
    temperature,
    objective: {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0},
    lossNormalizer: 'token',
    contextsPerMicroBatch: 8,
    mismatchLimit: 1e-5,
    optimizer,
    mode: 'whole',
    ...changes,
  }
}

/** Takes an update that is not left out. */
export async function updated(engine: LocalEngine, request: PolicyRequest, isOnPolicy: boolean): Promise<PolicyUpdate> {
  const update = await engine.updatePolicy(request, isOnPolicy)
  if (!update) throw new Error('the update was left out')
  return update
}

/** The moments and the loss after one on-policy update of a fresh engine. */
export async function momentsAfter(contextsPerMicroBatch: number, changes: Partial<PolicyRequest>) {
  const engine = await tinyEngine()
  const request = await requestFrom({...changes, contextsPerMicroBatch})
  const update = await updated(engine, request, true)
  const {moments} = await stateOf(engine)
  await engine.close()
  return {moments, loss: update.loss}
}

/** Weights and optimizer of a saved state, to be compared. */
export function filesOf({folder}: {folder: string}): string[] {
  return ['model.safetensors', 'optimizer.safetensors'].map((file) =>
    readFileSync(join(folder, file)).toString('base64'),
  )
}

/** Rows of language modelling. */
export const rows = promptsOf([5, 9, 16, 17, 30, 33, 47, 60], 1).map(({ids}, i) => ({ids, trainedFrom: 1 + (i % 3)}))
