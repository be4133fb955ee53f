/** A model that RL starts from, and the paper's accuracies before and after. */
export interface Start {
  readonly name: string
  readonly title: string
  /** Step of its last checkpoint. */
  readonly step: number
  readonly paper: {readonly before: number; readonly after: number}
}

/** Steps of RL. */
export const rlvrSteps = 60

/** The rows of the paper's Table 2. */
export const starts: readonly Start[] = [
  {name: 'base', title: 'base', step: 0, paper: {before: 0.512, after: 0.527}},
  {name: 'ntp', title: 'next-token training', step: 570, paper: {before: 0.107, after: 0.13}},
  {name: 'rpt', title: 'RPT', step: 160, paper: {before: 0.563, after: 0.583}},
]
