import type {UpdateModeName} from '../src/core/config/names.js'
import type {Engine} from '../src/core/engine/engine.js'
import type {OptimizerSettings} from '../src/core/engine/state/model-state.js'
import type {PolicyGroup} from '../src/core/engine/update/policy-request.js'
import {groupAdvantages} from '../src/core/grpo/advantages.js'
import type {Completion} from '../src/core/records/records.js'
import {meanOf} from '../src/core/util/means.js'
import {streamSeed} from '../src/core/util/rng.js'
import type {Job, Work} from './job.js'
import type {TokenTape} from './token-tape.js'

/** Does run `run` of a job; the number is what the other side must find too. */
type RunWork = (engine: Engine, job: Job, tape: TokenTape, run: number) => Promise<number>

/** The learning rate leaves the weights as they are, so that every run computes the same and checks can be compared. */
const optimizer: OptimizerSettings = {
  learningRate: 1e-9,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: 1,
}

/** The works of the benchmark through the engine's public methods. */
export const works: Readonly<Record<Work, RunWork>> = {
  async rollout(engine, job, tape, run) {
    const groups = await rollout(engine, job, tape.run(run, job.size).contexts, run, job.microBatch)
    return tokensOf(groups)
  },

  async update(engine, job, tape, run) {
    const {contexts, completions} = tape.run(run, job.size)
    const oldLogprob = -Math.log(job.vocabulary)
    const groups = completions.map((group) => group.map((ids) => completionOf(ids, oldLogprob)))
    return (await update(engine, job, contexts, groups, 'whole'))!.gradNorm!
  },

  step: stepBy('whole'),
  'lean-step': stepBy('segmented'),

  async score(engine, job, tape, run) {
    const {contexts} = tape.run(run, job.size)
    const scores = await engine.score(contexts, {topK: 16, batchTokens: job.microBatch * job.size.context})
    return meanOf(scores.flatMap(({entropy}) => [...entropy]))
  },

  async ntp(engine, job, tape, run) {
    const rows = tape.run(run, job.size, 1).contexts.map((ids) => ({ids, trainedFrom: 1}))
    return (await engine.updateLanguageModel({
      rows,
      rowsPerMicroBatch: job.microBatch,
      optimizer,
      mode: 'whole',
    }))!.loss
  },
}

/** Rollout, reward, advantages and update, the update computed in one of its ways. */
function stepBy(mode: UpdateModeName): RunWork {
  return async (engine, job, tape, run) => {
    const {contexts} = tape.run(run, job.size)
    const groups = await rollout(engine, job, contexts, run, contexts.length)
    await update(engine, job, contexts, groups, mode)
    return tokensOf(groups)
  }
}

async function rollout(
  engine: Engine,
  {size}: Job,
  contexts: readonly Int32Array[],
  run: number,
  contextsPerBatch: number,
) {
  const prompts = contexts.map((ids, context) => ({
    ids,
    streams: Array.from({length: size.groupSize}, (_, sample) => streamSeed(0, 'bench', run, context, sample)),
  }))
  const {groups} = await engine.rollout({
    prompts,
    maxTokens: size.completion,
    contextsPerBatch,
    sampling: {temperature: 1, greedy: false, endIds: []},
  })
  return groups
}

function update(
  engine: Engine,
  {microBatch}: Job,
  contexts: readonly Int32Array[],
  completions: readonly (readonly Completion[])[],
  mode: UpdateModeName,
) {
  const rewards = completions.map((group) => group.map(rewardOf))
  const advantages = groupAdvantages(rewards, {std: 'sample', advantageEpsilon: 1e-4})
  const groups = contexts.map(
    (promptIds, i): PolicyGroup => ({promptIds, completions: completions[i], advantages: advantages[i]}),
  )
  const request = {
    groups,
    temperature: 1,
    objective: {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0},
    lossNormalizer: 'token' as const,
    contextsPerMicroBatch: microBatch,
    mismatchLimit: 1e-3,
    optimizer,
    mode,
  }
  return engine.updatePolicy(request, false)
}

/** A reward that costs nothing and differs within a group. */
function rewardOf({ids}: Completion): number {
  return (ids.reduce((sum, id) => sum + id, 0) % 97) / 97
}

function completionOf(ids: Int32Array, oldLogprob: number): Completion {
  return {ids, oldLogprobs: new Float32Array(ids.length).fill(oldLogprob), stopReason: 'length'}
}

function tokensOf(groups: readonly (readonly Completion[])[]): number {
  return groups.flat().reduce((sum, {ids}) => sum + ids.length, 0)
}
