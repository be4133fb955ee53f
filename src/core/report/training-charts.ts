import {rewardNames} from '../config/names.js'
import {lossNameOf} from '../objectives/objectives.js'
import type {MetricsRow} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import {spread} from './choose-rows.js'
import type {Chart} from './page/chart.js'
import {type RunFolder, settingOf} from './read-run.js'
import {trendOf} from './smooth.js'
import {curvesOf} from './training-curves.js'

/** A metric that a page draws. */
export interface MetricFigure {
  readonly key: keyof MetricsRow
  readonly label: string
  /** What the numbers of a run are, where runs differ in that: each of them has a chart and a scale of its own. */
  readonly kindOf?: (run: RunFolder) => string
  /** Whether it says something of a run; of every one when absent. */
  readonly isDrawn?: (run: RunFolder) => boolean
}

/** The figure that is drawn large, above the others. */
export const rewardFigure: MetricFigure = {key: 'reward', label: 'mean reward', kindOf: rewardOf}

/** Of a single term, the mean is the reward itself. */
const termFigures = rewardNames.map(
  (name): MetricFigure => ({key: `rewards/${name}/mean`, label: `mean of ${name}`, isDrawn: hasSeveralTerms}),
)

/** Metrics drawn besides the reward. */
export const smallFigures: readonly MetricFigure[] = [
  ...termFigures,
  {key: 'loss', label: 'loss', kindOf: lossOf},
  {key: 'frac_reward_zero_std', label: 'share of groups with equal rewards'},
  {key: 'rpt/outcome_parsed', label: 'share of completions parsed'},
  {key: 'completions/mean_length', label: 'completion length, tokens'},
  {key: 'entropy', label: 'entropy of the policy, nats'},
  {key: 'grad_norm', label: 'gradient norm', kindOf: lossOf},
]

/** Steps that a curve has at most on a page. */
export const mostSteps = 1500

/** The charts of a metric: one for all runs, or one for each kind of number that they log; none if no run has the metric. */
export function chartsOf(
  runs: readonly RunFolder[],
  {key, label, kindOf = () => '', isDrawn = () => true}: MetricFigure,
): Chart[] {
  const measured = runs.flatMap((run, color) =>
    curvesOf([run], key)
      .filter(() => isDrawn(run))
      .map((curve) => ({...curve, color, kind: kindOf(run)})),
  )
  const kinds = groupBy(measured, ({kind}) => kind)
  return [...kinds].map(([kind, curves]) => ({
    title: kind === '' ? label : `${label} (${kind})`,
    curves: curves.map(({name, color, points}) => {
      const trend = trendOf(points)
      const shown = spread(points.length, mostSteps)
      const round = (value: number) => Number(value.toPrecision(6))
      return {
        name,
        color,
        steps: shown.map((i) => trend[i].x),
        values: shown.map((i) => round(points[i].y)),
        trend: shown.map((i) => round(trend[i].y)),
      }
    }),
  }))
}

function lossOf(run: RunFolder): string {
  const name =
    lossNameOf(String(settingOf(run, 'train.objective')), String(settingOf(run, 'grpo.loss') ?? 'grpo')) ?? ''
  const isJoint = Number(settingOf(run, 'grpo.ntpCoef') ?? 0) > 0
  return isJoint ? `${name}, with next-token prediction` : name
}

function hasSeveralTerms(run: RunFolder): boolean {
  return termsOf(run).length > 1
}

/** The reward of a run in words. */
function rewardOf(run: RunFolder): string {
  return termsOf(run)
    .map(({name, weight}) => (weight === 1 ? name : `${weight} ${name}`))
    .join(' + ')
}

/** The terms of a run's reward; none where the objective chooses it. */
function termsOf(run: RunFolder): readonly {readonly name: string; readonly weight: number}[] {
  const terms = settingOf(run, 'reward.terms')
  return Array.isArray(terms) ? terms : []
}
