import type {RewardedGroup, ScoredGroup} from '../records/records.js'
import {type Deviation, groupAdvantages} from './advantages.js'
import type {LossKind} from './losses.js'

/** How advantages follow from rewards, and which completions are learned from: what `LossKind.learnsFrom` names. */
const advantagesOf: Readonly<
  Record<
    LossKind['learnsFrom'],
    (
      groups: readonly RewardedGroup<unknown>[],
      settings: {std: Deviation; advantageEpsilon: number},
    ) => readonly (readonly number[])[]
  >
> = {
  comparison: (groups, settings) =>
    groupAdvantages(
      groups.map(({rewards}) => rewards.map(({total}) => total)),
      settings,
    ),
  'right completions': (groups) => groups.map(({verdicts}) => verdicts.map(({correct}) => Number(correct))),
}

/**
 * rewards -> advantages.
 *
 * @param settings what advantages of a comparison are divided by
 * @returns `scored`: all groups with an advantage a completion; `learned`: what the update is made of, which for right
 *   completions is these alone
 */
export function learnedGroups<Item>(
  groups: readonly RewardedGroup<Item>[],
  {learnsFrom}: Pick<LossKind, 'learnsFrom'>,
  settings: {std: Deviation; advantageEpsilon: number},
): {scored: ScoredGroup<Item>[]; learned: ScoredGroup<Item>[]} {
  const advantages = advantagesOf[learnsFrom](groups, settings)
  const scored = groups.map((group, i): ScoredGroup<Item> => ({...group, advantages: advantages[i]}))
  if (learnsFrom === 'comparison') return {scored, learned: scored}
  return {scored, learned: scored.map(withAdvantage).filter(({completions}) => completions.length > 0)}
}

/** A group without its completions that have no advantage. */
function withAdvantage<Item>(group: ScoredGroup<Item>): ScoredGroup<Item> {
  const has = (_: unknown, i: number) => group.advantages[i] !== 0
  return {
    ...group,
    completions: group.completions.filter(has),
    verdicts: group.verdicts.filter(has),
    rewards: group.rewards.filter(has),
    advantages: group.advantages.filter(has),
  }
}
