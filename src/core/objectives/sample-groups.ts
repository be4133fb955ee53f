import {isUniform} from '../grpo/advantages.js'
import type {Group, Prompt} from '../records/records.js'
import {rewardFor} from '../rewards/reward.js'
import {rolloutPrompts} from '../samplers/rollout.js'
import {NumericError} from '../util/errors.js'
import type {TrainingContext} from './objective.js'

/** Groups of one step and what it took to get them. */
export interface SampledGroups {
  /** Those trained on: under dynamic sampling the first `contextsPerStep` that carry signal. */
  readonly groups: readonly Group[]
  /** All of them, in the order in which they were sampled. */
  readonly generated: readonly Group[]
  readonly batches: number
  /** Groups of equal rewards that dynamic sampling left out. */
  readonly dropped: number
  /** Groups with signal beyond those that the step takes. */
  readonly surplus: number
  readonly uniformsNearStep: number
}

/** Dynamic sampling found too few groups with signal; nothing was learned from the step. */
export class SignalShortage extends NumericError {}

/**
 * contexts -> rollouts -> rewards. Dynamic sampling (DAPO, arXiv 2503.14476) samples whole batches of `contextsPerStep`
 * contexts until as many groups carry signal, `maxBatches` at the most; the others are dropped, and what is left over.
 *
 * @param visits contexts visited before this step: the first of its contexts is the one of that number
 */
export async function sampleGroups(
  training: TrainingContext,
  step: number,
  visits: number,
  promptAt: (visit: number) => Prompt,
): Promise<SampledGroups> {
  const {contextsPerStep, dynamicSampling} = training.config.grpo
  const isDynamic = dynamicSampling.enabled && step >= dynamicSampling.fromStep
  const generated: Group[] = []
  const seen = new Map<string, number>()
  let live: readonly Group[]
  let uniformsNearStep = 0
  let batches = 0
  do {
    const prompts = Array.from({length: contextsPerStep}, (_, i) => promptAt(visits + generated.length + i))
    const repeats = prompts.map((prompt) => countVisit(seen, prompt))
    const rollouts = await rollout(training, prompts, step, repeats)
    prompts.forEach((prompt, i) => {
      generated.push(gradeGroup(training, prompt, rollouts.completions[i]))
    })
    uniformsNearStep += rollouts.uniformsNearStep
    batches++
    live = isDynamic ? generated.filter(carriesSignal) : generated
  } while (live.length < contextsPerStep && batches < dynamicSampling.maxBatches)
  const groups = live.slice(0, contextsPerStep)
  const [dropped, surplus] = [generated.length - live.length, live.length - groups.length]
  return {groups, generated, batches, dropped, surplus, uniformsNearStep}
}

/**
 * What is to be said of too few groups with signal, where the setting lets a step do with them.
 *
 * @returns a sentence; null where the step is full
 * @throws {SignalShortage} when `onShortage` is `error`
 */
export function shortageOf(
  {contextsPerStep, dynamicSampling}: TrainingContext['config']['grpo'],
  {groups, generated, batches}: SampledGroups,
): string | null {
  if (groups.length === contextsPerStep) return null
  const searched = `${generated.length} in ${batches} ${batches === 1 ? 'batch' : 'batches'}`
  const found = `${groups.length} of ${contextsPerStep} groups with signal among ${searched}`
  if (dynamicSampling.onShortage === 'warn')
    return `dynamic sampling found ${found}; it trains on ${groups.length > 0 ? 'those' : 'none'}`
  throw new SignalShortage(`dynamic sampling found ${found}`, {
    suggestions: [
      'raise grpo.dynamicSampling.maxBatches, or set grpo.dynamicSampling.onShortage=warn to train on what is found; --resume takes both',
      'a warm start (objective sft) or easier positions give more groups signal',
    ],
  })
}

/** How often a prompt's position came before in this step. */
function countVisit(seen: Map<string, number>, {context: {docId, position}}: Prompt): number {
  const key = `${docId}\n${position}`
  const before = seen.get(key) ?? 0
  seen.set(key, before + 1)
  return before
}

function rollout(
  {config, engine, model}: TrainingContext,
  prompts: readonly Prompt[],
  step: number,
  repeats: readonly number[],
) {
  return rolloutPrompts(engine, prompts, {
    ...config.rollout,
    groupSize: config.grpo.groupSize,
    endIds: model.endIds,
    repeats,
    streamKeys: {seed: config.seed, purpose: 'rollout', step},
  })
}

function gradeGroup({config, data}: TrainingContext, prompt: Prompt, completions: Group['completions']): Group {
  const rewards = completions.map((completion) =>
    rewardFor(config.reward.name, data.tokenizer, prompt.context, completion),
  )
  return {prompt, completions, rewards}
}

function carriesSignal({rewards}: Group): boolean {
  return !isUniform(rewards.map((reward) => reward.total))
}
