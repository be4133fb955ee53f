import type {RewardedGroup, ScoredGroup} from '../records/records.js'
import {type AdvantageSettings, groupAdvantages} from './advantages.js'
import type {LossKind} from './losses.js'

/** How advantages follow from rewards, and which completions are learned from: what `LossKind.learnsFrom` names. */
const advantagesOf: Readonly<
  Record<
    LossKind['learnsFrom'],
    (groups: readonly RewardedGroup<unknown>[], settings: AdvantageSettings) => readonly (readonly number[])[]
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
 * Turns rewards into advantages, and picks the completions that the update learns from.
 *
 * @param groups of G completions each, with one reward per completion
 * @param settings read where the loss compares
 * @returns `scored`: all groups, with one advantage per completion. `learned`: the same groups, or for a loss that learns
 *   from right completions, only these completions, without empty groups
 */
export function learnedGroups<Item>(
  groups: readonly RewardedGroup<Item>[],
  {learnsFrom}: Pick<LossKind, 'learnsFrom'>,
  settings: AdvantageSettings,
): {scored: ScoredGroup<Item>[]; learned: ScoredGroup<Item>[]} {
  const advantages = advantagesOf[learnsFrom](groups, settings)
  const scored = groups.map((group, i): ScoredGroup<Item> => ({...group, advantages: advantages[i]}))
  if (learnsFrom === 'comparison') return {scored, learned: scored}
  return {scored, learned: scored.map(rightOnly).filter(({completions}) => completions.length > 0)}
}

/** A group without the wrong completions: those whose advantage is 0. */
function rightOnly<Item>(group: ScoredGroup<Item>): ScoredGroup<Item> {
  const has = (_: unknown, i: number) => group.advantages[i] !== 0
  return {
    ...group,
    completions: group.completions.filter(has),
    verdicts: group.verdicts.filter(has),
    rewards: group.rewards.filter(has),
    advantages: group.advantages.filter(has),
  }
}
