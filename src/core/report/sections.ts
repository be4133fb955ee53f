import type {Split} from '../statistics/split.js'
import type {MetricsRow} from '../tables/index.js'
import type {Comparison} from './comparisons.js'
import type {ReportContent} from './content.js'
import {plural, short} from './format.js'
import {figure, type Html, html, htmlTable, section} from './html.js'
import {plotAccuracies} from './plot-accuracies.js'
import {plotCurves} from './plot-curves.js'
import {plotScaling} from './plot-scaling.js'
import {browseRollouts} from './rollout-browser.js'
import {scalingFigures} from './scaling-figures.js'
import {comparisonTables, fitTable, metricTable, resultTable, type Table} from './tables.js'
import {curvesOf} from './training-curves.js'

/** What the comparisons say, in sentences, and what the page covers. */
export function headlineSection({runs, comparisons}: ReportContent): Html {
  const sentences = comparisons.flatMap(summarize)
  const list = sentences.length > 0 && html`<ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`
  return html`<p class="lead">${plural(runs.length, 'run')}: ${runs.map(({name}) => name).join(', ')}.</p>
${list}
`
}

function summarize({subject, other, differences, unlike}: Comparison): string[] {
  if (!differences) return []
  const named = Object.entries(differences).filter(([split], _, all) => all.length === 1 || split !== 'all')
  const listed = (isListed: (entry: (typeof named)[number]) => boolean) =>
    named.filter(isListed).map(([split]) => split)
  const above = listed(([, {isAbove}]) => isAbove)
  const below = listed(([, {isBelow}]) => isBelow)
  const level = listed(([, {isAbove, isBelow}]) => !isAbove && !isBelow)
  const parts = [
    ...(above.length > 0 ? [`above on ${above.join(', ')}`] : []),
    ...(below.length > 0 ? [`below on ${below.join(', ')}`] : []),
    ...(level.length > 0 ? [`not distinguishable on ${level.join(', ')}`] : []),
  ]
  const caution = unlike.length > 0 ? `; but not alike: ${unlike.join('; ')}` : ''
  return [`${subject.label} against ${other.label}: ${parts.join('; ')}${caution}.`]
}

/** Table 1: accuracy per split with intervals, drawn and printed, and the paired differences. */
export async function resultSection({results, comparisons}: ReportContent): Promise<Html> {
  if (results.length === 0) return html``
  const rows = results.map(({label, cells}) => {
    const measured = Object.entries(cells).filter(([, {count}]) => count > 0)
    const named = measured.filter(([split]) => measured.length === 1 || split !== 'all')
    return {name: label, splits: Object.fromEntries(named)}
  })
  return section('results', 'Next-token accuracy', [
    figure(await plotAccuracies(rows), 'Next-token accuracy with 95% intervals by model, mode and split'),
    htmlTable(resultTable(results)),
    ...comparisonTables(comparisons).map(foldTable),
  ])
}

/** The first table as it is; later ones are there for who asks. */
function foldTable(table: Table, index: number): Html {
  const shown = htmlTable(table)
  return index === 0 ? shown : html`<details><summary>${table.title}</summary>${shown}</details>`
}

/** Figure 5: accuracy against compute per split, with the fitted curve. */
export async function scalingSection({points, fits, results}: ReportContent): Promise<Html> {
  if (points.length === 0) return html``
  const drawings = scalingFigures(points, fits, results).map(async (one) =>
    figure(await plotScaling(one), `Accuracy against training compute on ${one.split}`),
  )
  const caption = 'Points: measured, with 95% intervals. Lines: fitted. Compute on a logarithmic axis.'
  return section('scaling', 'Accuracy against compute', [
    html`<div class="grid">${await Promise.all(drawings)}</div><p class="note">${caption}</p>`,
    htmlTable(fitTable(fits)),
  ])
}

/** Metrics drawn besides the reward, with what they show. */
const smallFigures: readonly (readonly [keyof MetricsRow, string])[] = [
  ['loss', 'loss'],
  ['frac_reward_zero_std', 'share of groups without signal'],
  ['rpt/outcome_parsed', 'share of completions parsed'],
  ['completions/mean_length', 'completion length, tokens'],
  ['entropy', 'entropy of the policy, nats'],
  ['grad_norm', 'gradient norm'],
]

/** Reward and the other metrics by step, and their first and last values. */
export async function trainingSection({runs}: ReportContent): Promise<Html> {
  const trained = runs.filter(({metrics}) => metrics.length > 0)
  if (trained.length === 0) return html``
  const names = trained.map(({name}) => name)
  const reward = curvesOf(trained, 'reward')
  const large =
    reward.length > 0 ? [figure(await plotCurves(reward, 'mean reward', {names}), 'Mean reward by step')] : []
  const small: Html[] = []
  for (const [key, label] of smallFigures) {
    const curves = curvesOf(trained, key)
    if (curves.length > 0)
      small.push(figure(await plotCurves(curves, label, {width: 330, height: 210, names}), `${label} by step`))
  }
  return section('training', 'Training', [
    ...large,
    html`<div class="grid">${small}</div>`,
    html`<p class="note">Faint: every step. Bold: moving average over a tenth of the run.</p>`,
    ...trained.map(
      ({name, metrics}) =>
        html`<details><summary>All metrics of ${name}</summary>${htmlTable(metricTable(name, metrics))}</details>`,
    ),
  ])
}

/** A sample of rollouts with text, outcome, reward and why. */
export function rolloutSection({runs}: ReportContent): Html {
  return section(
    'rollouts',
    'Rollouts',
    runs.flatMap((run) => browseRollouts(run)),
  )
}

/** Every run's resolved configuration and what it took. */
export function settingsSection({runs}: ReportContent): Html {
  const parts = runs.map(({name, settings, summary}) => {
    const facts = ['command', 'version', 'config_hash', 'wall_seconds', 'peak_rss_bytes'].flatMap((key) => {
      const value = summary?.[key]
      return typeof value === 'string' || typeof value === 'number'
        ? [`${key} ${typeof value === 'number' ? short(value) : value}`]
        : []
    })
    return html`<details><summary>${name}</summary>
${facts.length > 0 && html`<p class="note">${facts.join(' · ')}</p>`}
<pre>${settings ?? 'no config.resolved.yaml'}</pre></details>
`
  })
  return section('settings', 'Settings', parts)
}

const splitMeaning: Readonly<Record<Split, string>> = {
  all: 'every position that has any split',
  easy: 'entropy above the lowest threshold',
  medium: 'entropy above the middle threshold',
  hard: 'entropy above the highest threshold',
}

/** How to read the page. */
export function readingSection(): Html {
  const notes = [
    `Splits group held-out positions by how unsure the difficulty model was of the next token: ${Object.entries(
      splitMeaning,
    )
      .map(([split, meaning]) => `${split}, ${meaning}`)
      .join('; ')}. By default they are nested: hard positions also count as medium and easy.`,
    'Mode standard: the most probable next token, no thought. Mode reasoning: the model thinks, then predicts; a prediction is right when its bytes are exactly the start of the true continuation and end where a token ends. Modes forced-thought and empty-thought replace the thought by an uninformative or an empty one: what they keep was not won by thinking.',
    'Intervals resample whole documents, because positions of one document go together. Two overlapping intervals do not show that two models are equal, nor that they differ: read the paired difference.',
    'The fit P(C) = A / C^alpha + P* has three constants. With few checkpoints many constants fit nearly as well; look at the intervals before extrapolating.',
    'Reward is the share of sampled completions that were right on training positions, at the sampling temperature; it is not comparable with held-out accuracy. Advantage is the reward minus its group mean, in deviations of the group; a group of equal rewards teaches nothing.',
  ]
  return section('reading', 'How to read this page', [html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`])
}
