import type {Config} from '../../config/schema.js'
import {isUniform} from '../../grpo/advantages.js'
import type {GradedGroup, Prompt, RewardedGroup} from '../../records/records.js'
import type {Sampler} from '../../samplers/sampler.js'
import type {Task} from '../../tasks/task.js'
import {plural} from '../../util/plural.js'
import {SignalShortage} from '../objective.js'

/** Groups of one step and what it took to get them. */
export interface SampledGroups<Item> {
  /** All of them, in the order in which they were sampled. */
  readonly generated: readonly RewardedGroup<Item>[]
  /** Those trained on: under dynamic sampling the first `contextsPerStep` that carry signal. */
  readonly kept: readonly RewardedGroup<Item>[]
  readonly batches: number
  /** Groups of equal rewards that dynamic sampling left out. */
  readonly dropped: number
  /** Groups with signal beyond those that the step takes. */
  readonly surplus: number
  /** Null where the sampler does not tell. */
  readonly uniformsNearStep: number | null
  /** FLOPs of what rewards asked the model. */
  readonly queryFlops: number
}

/** What groups are sampled with. */
export interface Sampling<Item> {
  readonly config: Config
  readonly task: Task<Item>
  readonly sampler: Sampler
  readonly itemAt: (step: number, visit: number) => Item
  readonly promptOf: (item: Item) => Prompt
  readonly reward: (
    groups: readonly GradedGroup<Item>[],
    step: number,
  ) => Promise<{readonly groups: readonly RewardedGroup<Item>[]; readonly queryFlops: number}>
}

/**
 * context -> rollout -> reward. Dynamic sampling (DAPO, arXiv 2503.14476) samples whole batches of `contextsPerStep` items
 * until as many groups carry signal, `maxBatches` at the most; the others are dropped, and what is left over.
 *
 * @param visits items that were visited before of what this step draws from: the first of its items is the one of that number
 */
export async function sampleGroups<Item>(
  sampling: Sampling<Item>,
  step: number,
  visits: number,
): Promise<SampledGroups<Item>> {
  const {contextsPerStep, dynamicSampling} = sampling.config.grpo
  const isDynamic = dynamicSampling.enabled && step >= dynamicSampling.fromStep
  const generated: RewardedGroup<Item>[] = []
  const seen = new Map<string, number>()
  let live: readonly RewardedGroup<Item>[]
  let uniformsNearStep: number | null = 0
  let batches = 0
  let queryFlops = 0
  do {
    const items = Array.from({length: contextsPerStep}, (_, i) => sampling.itemAt(step, visits + generated.length + i))
    const batch = await rollOut(sampling, step, items, seen)
    const rewarded = await sampling.reward(batch.groups, step)
    for (const group of rewarded.groups) generated.push(group)
    queryFlops += rewarded.queryFlops
    uniformsNearStep =
      uniformsNearStep === null || batch.uniformsNearStep === null ? null : uniformsNearStep + batch.uniformsNearStep
    batches++
    live = isDynamic ? generated.filter(carriesSignal) : generated
  } while (live.length < contextsPerStep && batches < dynamicSampling.maxBatches)
  const kept = live.slice(0, contextsPerStep)
  const [dropped, surplus] = [generated.length - live.length, live.length - kept.length]
  return {generated, kept, batches, dropped, surplus, uniformsNearStep, queryFlops}
}

/** context -> prompt -> completions -> verdicts. */
async function rollOut<Item>(
  {config, task, sampler, promptOf}: Sampling<Item>,
  step: number,
  items: readonly Item[],
  seen: Map<string, number>,
): Promise<{groups: GradedGroup<Item>[]; uniformsNearStep: number | null}> {
  const prompts = items.map(promptOf)
  const {completions, uniformsNearStep} = await sampler.sample(prompts, {
    ...config.rollout,
    groupSize: config.grpo.groupSize,
    repeats: prompts.map((prompt) => countVisit(seen, prompt)),
    streamKeys: {seed: config.seed, purpose: 'rollout', step},
  })
  const groups = items.map((item, i) => ({
    item,
    facts: task.factsOf(item),
    prompt: prompts[i],
    completions: completions[i],
    verdicts: completions[i].map((completion) => task.grade(item, completion)),
  }))
  return {groups, uniformsNearStep}
}

/**
 * What is to be said of too few groups with signal, where the setting lets a step do with them.
 *
 * @returns a sentence; null where the step is full
 * @throws {SignalShortage} when `onShortage` is `error`
 */
export function shortageOf(
  {contextsPerStep, dynamicSampling}: Config['grpo'],
  {kept, generated, batches}: SampledGroups<unknown>,
): string | null {
  if (kept.length === contextsPerStep) return null
  const searched = `${generated.length} in ${plural(batches, 'batch', 'batches')}`
  const found = `${kept.length} of ${contextsPerStep} groups with signal among ${searched}`
  if (dynamicSampling.onShortage === 'warn')
    return `dynamic sampling found ${found}; it trains on ${kept.length > 0 ? 'those' : 'none'}`
  throw new SignalShortage(`dynamic sampling found ${found}`, {
    suggestions: [
      'raise grpo.dynamicSampling.maxBatches, or set grpo.dynamicSampling.onShortage=warn to train on what is found; --resume takes both',
      'a warm start (objective sft) or easier positions give more groups signal',
    ],
  })
}

/** How often a prompt's item came before in this step. */
function countVisit(seen: Map<string, number>, {key: {source, index}}: Prompt): number {
  const name = `${source}\n${index}`
  const before = seen.get(name) ?? 0
  seen.set(name, before + 1)
  return before
}

function carriesSignal({rewards}: RewardedGroup<unknown>): boolean {
  return !isUniform(rewards.map((reward) => reward.total))
}
