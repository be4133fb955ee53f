import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeAll, describe, expect, it, vi} from 'vitest'
import {lossNames} from '../../../src/core/config/names.js'
import type {Config} from '../../../src/core/config/schema.js'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import type {PolicyRequest} from '../../../src/core/engine/update/policy-request.js'
import {type StepResult, shapeOf} from '../../../src/core/objectives/objective.js'
import {documentRows} from '../../../src/core/objectives/rows/rows.js'
import {budgetAt} from '../../../src/core/rewards/length-budget.js'
import {needsAverage} from '../../../src/core/rewards/terms.js'
import {thoughtLength} from '../../../src/core/rewards/thought-length.js'
import {openSampler} from '../../../src/core/samplers/samplers.js'
import {openTraining, type TrainingStart} from '../../../src/core/training/open-training.js'
import {NumericError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

// Settings are proven where they act; here, that a step hands them on.

let workspace: ToyWorkspace
beforeAll(async () => {
  workspace = await toyWorkspace()
})
afterEach(() => vi.restoreAllMocks())

interface Steps {
  readonly config: Config
  readonly start: TrainingStart
  readonly results: readonly StepResult[]
  readonly policy: readonly {readonly request: PolicyRequest; readonly isOnPolicy: boolean}[]
  /** Ids of the rows of each update of a language model. */
  readonly rows: readonly (readonly (readonly number[])[])[]
  readonly rates: readonly number[]
}

/** So many steps of an objective, and what they ask the engine for; `shift` is added to the sampler's log-probabilities. */
async function stepsOf(count: number, changes: readonly string[], shift = 0): Promise<Steps> {
  const config = toyConfig(workspace, 'unwritten', changes)
  const start = await openTraining(config, toyServices())
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  const shape = shapeOf(start.model, await engine.load(start.source.weights))
  const policies = vi.spyOn(engine, 'updatePolicy')
  const rows = vi.spyOn(engine, 'updateLanguageModel')
  if (needsAverage(config.reward.terms ?? [])) await engine.keepAverage()
  const own = await openSampler({config, engine, model: start.model, tokenizer: start.texts!.tokenizer})
  const sampler: typeof own = {
    ...own,
    async sample(...request) {
      const samples = await own.sample(...request)
      for (const {oldLogprobs} of samples.completions.flat())
        for (const i of oldLogprobs.keys()) oldLogprobs[i] += shift
      return samples
    },
  }
  const context = {config, engine, model: start.model, shape, sampler, progress: silentProgress}
  const objective = await start.opened.start({...context, updateMode: 'whole', microBatchesAtOnce: 1})
  const results: StepResult[] = []
  let visits = 0
  for (let step = 1; step <= count; step++) {
    results.push(await objective.step(step, {visits}, () => undefined))
    visits += results.at(-1)!.visits
  }
  await engine.close()
  return {
    config,
    start,
    results,
    policy: policies.mock.calls.map(([request, isOnPolicy]) => ({request, isOnPolicy})),
    rows: rows.mock.calls.map(([request]) => request.rows.map(({ids}) => [...ids])),
    rates: [...policies.mock.calls, ...rows.mock.calls].map(([{optimizer}]) => optimizer.learningRate),
  }
}

/** So warm, and with so much entropy in the loss, that every group is updated on. */
const lively = ['grpo.entropyCoef=0.1', 'grpo.groupSize=4', 'rollout.temperature=2']

describe('an update of the policy is asked for', () => {
  const defaults: Partial<Record<(typeof lossNames)[number], object>> = {
    'dr-grpo': {lossNormalizer: 'constant'},
    dapo: {objective: {clipEpsilonHigh: 0.28}},
    cispo: {objective: {clipEpsilonHigh: 4}},
  }

  it.each(lossNames)('with every setting of loss %s, on-policy in the first mini-batch alone', async (loss) => {
    const changes = [
      'grpo.miniBatches=2',
      'grpo.completionsPerMicroBatch=2',
      'grpo.dynamicSampling.enabled=false',
      'grpo.klCoef=0',
      `grpo.loss=${loss}`,
    ]
    const {config, policy} = await stepsOf(1, [
      ...lively,
      'rollout.temperature=1',
      'grpo.contextsPerStep=8',
      'rollout.maxTokens=7',
      'grpo.mismatchLimit=0.25',
      ...changes,
    ])
    const {grpo, rollout} = config
    expect(policy.map(({isOnPolicy}) => isOnPolicy)).toEqual([true, false])
    for (const {request} of policy) {
      expect(request).toMatchObject({
        objective: {
          loss,
          clipEpsilon: grpo.clipEpsilon,
          klCoef: 0,
          entropyCoef: 0.1,
          ...(grpo.clipEpsilonHigh !== undefined && {clipEpsilonHigh: grpo.clipEpsilonHigh}),
        },
        lossNormalizer: grpo.lossNormalizer,
        temperature: rollout.temperature,
        maxTokens: 7,
        contextsPerMicroBatch: grpo.contextsPerMicroBatch,
        completionsPerMicroBatch: 2,
        mismatchLimit: 0.25,
        mode: 'whole',
      })
      expect(request).toMatchObject(defaults[loss] ?? {})
    }
  })

  it('and refused where the sampler says other log-probabilities than the update', async () => {
    const error = await stepsOf(1, [...lively, 'grpo.mismatchLimit=0.25'], 0.5).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(NumericError)
    expect(error.message).toMatch(/^sampler and trainer disagree by 5\.00e-1/)
  })

  it('for the thought alone where the reward is of thoughts alone', async () => {
    const {policy} = await stepsOf(1, [...lively, 'reward.terms=information-gain'])
    const spans = policy.flatMap(({request}) =>
      request.groups.flatMap(({completions, spans: own}) => completions.map(({ids}, i) => ({ids, span: own?.[i]}))),
    )
    expect(spans.length).toBeGreaterThan(0)
    expect(spans.some(({ids, span}) => span!.to < ids.length)).toBe(true)
  })

  it('with the next training documents beside the groups of every update', async () => {
    const joint = ['grpo.ntpCoef=0.5', 'grpo.miniBatches=2', 'train.batchRows=2']
    const {config, start, policy} = await stepsOf(2, [...lively, ...joint])
    expect(policy).toHaveLength(4)
    const {rowAt} = documentRows(config, start.model, start.data!)
    for (const [update, {request}] of policy.entries()) {
      expect(request.joint!.weight).toBe(0.5)
      const expected = [2 * update, 2 * update + 1].map((visit) => [...rowAt(visit).ids])
      expect(request.joint!.rows.map(({ids}) => [...ids])).toEqual(expected.toSorted((a, b) => a.length - b.length))
    }
  })
})

describe('the optimizer gets the learning rate of the schedule', () => {
  const schedule = ['optim.learningRate=1', 'optim.schedule=linear', 'optim.finalShare=0.5', 'train.steps=4']
  const expected = [0.5, 1, 0.75, 0.5]

  it.each(['rpt', 'ntp'])('under objective %s', async (objective) => {
    const changes = [...lively, ...schedule, 'optim.warmupSteps=2', `train.objective=${objective}`]
    const {rates} = await stepsOf(4, [...changes, 'optim.maxGradNorm=0.0001'])
    expect(rates).toEqual(expected)
  })
})

describe('rows of a step', () => {
  const sorted = (rows: number[][]) => rows.toSorted((a, b) => a.length - b.length)

  it('are the next documents under objective ntp', async () => {
    const {config, start, rows} = await stepsOf(3, ['train.objective=ntp', 'train.batchRows=3'])
    const {rowAt} = documentRows(config, start.model, start.data!)
    const expected = [0, 1, 2].map((step) => sorted([0, 1, 2].map((i) => [...rowAt(3 * step + i).ids])))
    expect(rows).toEqual(expected)
    expect(new Set(rows.map((step) => JSON.stringify(step))).size).toBe(3)
  })

  it('have the share of documents that sft.documentShare says, the next ones in their order', async () => {
    const file = join(workspace.folder, 'rows.jsonl')
    writeFileSync(file, ['A', 'B', 'C'].map((prompt) => `${JSON.stringify({prompt, completion: ' A'})}\n`).join(''))
    const sft = ['train.objective=sft', `sft.completions=${file}`, 'sft.documentShare=0.4', 'train.batchRows=10']
    const {config, start, rows} = await stepsOf(1, sft)
    const {rowAt} = documentRows(config, start.model, start.data!)
    const documents = [0, 1, 2, 3].map((visit) => JSON.stringify([...rowAt(visit).ids]))
    const found = rows[0].map((ids) => JSON.stringify(ids)).filter((row) => documents.includes(row))
    expect(found.toSorted()).toEqual(documents.toSorted())
  })
})

it('the budget of thoughts decays over the run', async () => {
  const budget = {first: 8, least: 1, decay: 0.1}
  const settings = Object.entries(budget).map(([key, value]) => `reward.lengthBudget.${key}=${value}`)
  const {start, results} = await stepsOf(3, [...lively, 'reward.terms=length-budget', 'train.steps=3', ...settings])
  for (const [i, {groups}] of results.entries()) {
    const tokens = budgetAt(i / 2, budget)
    expect(tokens).toBe([8, 2, 1][i])
    for (const {completions, rewards} of groups)
      for (const [k, completion] of completions.entries()) {
        const length = thoughtLength(completion, start.texts!.tokenizer)
        const paid = length === null ? 0 : Math.max(0, 1 - Math.abs(length - tokens) / tokens)
        expect(rewards[k].total).toBeCloseTo(paid, 12)
      }
  }
})
