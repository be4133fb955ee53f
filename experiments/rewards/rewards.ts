/** A reward that the tiny experiment is trained with. */
export interface Reward {
  /** Of its run. */
  readonly name: string
  readonly title: string
  /** `reward.terms` and what belongs to it. */
  readonly settings: readonly string[]
}

/** Prefix matching comes first: the others are compared with it. */
export const rewards: readonly Reward[] = [
  {name: 'prefix-match', title: 'prefix-match', settings: ['reward.terms=[prefix-match]']},
  {name: 'first-token', title: 'first-token', settings: ['reward.terms=[first-token]']},
  {name: 'dense', title: 'dense', settings: ['reward.terms=[dense]']},
  {name: 'conditional-dense', title: 'conditional-dense', settings: ['reward.terms=[conditional-dense]']},
  {name: 'information-gain', title: 'information-gain', settings: ['reward.terms=[information-gain]']},
  {
    name: 'missing-answer',
    title: 'prefix-match + missing-answer',
    settings: ['reward.terms=[prefix-match, missing-answer]'],
  },
  {
    name: 'length-budget',
    title: 'prefix-match + length-budget',
    // The thoughts of this model have at most 24 tokens, where RMT's have 800.
    settings: ['reward.terms=[prefix-match, {name: length-budget, weight: 0.2}]', 'reward.lengthBudget.first=24'],
  },
]
