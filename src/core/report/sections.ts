import type {Split} from '../statistics/split.js'
import {maxOf} from '../util/extremes.js'
import {plural} from '../util/plural.js'
import {accuracyStrips} from './accuracy-strips.js'
import {categoryTables} from './categories.js'
import {comparedLines} from './comparisons.js'
import type {ReportContent} from './content.js'
import type {AccuracyRow} from './figures.js'
import {short} from './format.js'
import {headlineOf} from './headline.js'
import {chartFigure, figure, type Html, html, htmlTable, section} from './html.js'
import {ledgerSection} from './ledger-section.js'
import {curveKey} from './page/chart.js'
import {plotScaling} from './plot-scaling.js'
import type {Result} from './results.js'
import {browseRollouts} from './rollout-browser.js'
import {type RolloutSample, sampleRollouts} from './rollout-sample.js'
import {scalingFigures} from './scaling-figures.js'
import {comparisonTables, fitTable, metricTable, resultTable, type Table} from './tables.js'
import {chartsOf, mostSteps, rewardFigure, smallFigures} from './training-charts.js'

/** What the comparisons say, in one sentence, and what the page covers. */
export function headlineSection({runs, comparisons}: ReportContent): Html {
  const sentence = headlineOf(comparisons)
  return html`${sentence && html`<p class="headline">${sentence}</p>`}
<p class="note">${plural(runs.length, 'run')}: ${runs.map(({name}) => name).join(', ')}.</p>
`
}

/** Table 1: accuracy per split with intervals, drawn and printed, and the paired differences. */
export function resultSection({results, comparisons}: ReportContent): Html {
  if (results.length === 0) return html``
  const rows = comparedLines(results).map((result) => ({name: result.label, splits: drawnCells(result)}))
  return section('results', 'Held-out accuracy', [
    accuracyStrips(rows),
    ...(rows.length < results.length
      ? [html`<p class="note">Drawn: the lines that are compared. The table has earlier checkpoints too.</p>`]
      : []),
    htmlTable(resultTable(results)),
    ...categoryTables(results).map(foldLongTable),
    ...comparisonTables(comparisons).map(foldTable),
  ])
}

/** What is drawn of a result: its splits without the whole of them, or the whole where there are none. */
function drawnCells(result: Result): AccuracyRow['splits'] {
  const measured = Object.entries(result.cells).filter(([, {count}]) => count > 0)
  return Object.fromEntries(measured.filter(([split]) => measured.length === 1 || split !== 'all'))
}

/** A table of more rows than a reader takes in at a glance opens when asked for. */
function foldLongTable(table: Table): Html {
  return foldTable(table, table.rows.length > 20 ? 1 : 0)
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

/** Reward and the other metrics by step, and their first and last values. */
export function trainingSection({runs}: ReportContent): Html {
  const trained = runs.filter(({metrics}) => metrics.length > 0)
  if (trained.length === 0) return html``
  const large = chartsOf(trained, rewardFigure).map((chart) => chartFigure(chart, {width: 1012, height: 280}))
  const small = smallFigures.flatMap((figure) =>
    chartsOf(trained, figure).map((chart) => chartFigure(chart, {width: 324, height: 220})),
  )
  const keys = trained.map(
    ({name}, color) => html`<li><i class="key" style="border-top: ${curveKey(color)}"></i>${name}</li>`,
  )
  return section('training', 'Training', [
    ...(trained.length > 1 ? [html`<ul class="legend">${keys}</ul>`] : []),
    ...large,
    html`<div class="grid">${small}</div>`,
    html`<p class="note">Faint: every step. Bold: moving average over a tenth of the run. ${drawnSteps(trained)}Point at a chart to read a step. Drag over it to zoom, or click it and turn the wheel; a double click shows all steps again. With keys: arrows, plus, minus, Escape.</p>`,
    ...trained.map(
      ({name, metrics}) =>
        html`<details><summary>All metrics of ${name}</summary>${htmlTable(metricTable(name, metrics))}</details>`,
    ),
  ])
}

function drawnSteps(trained: ReportContent['runs']): string {
  const longest = maxOf(trained.map(({metrics}) => metrics.length))
  return longest > mostSteps ? `Of more than ${mostSteps} steps, as many are drawn, evenly spread. ` : ''
}

/** The ledger, and a sample of rollouts with bytes, outcome, reward and why, to be searched. */
export async function rolloutSection({runs}: ReportContent, afterStep: () => Promise<void>): Promise<Html> {
  const kept = runs.filter(({rolloutSteps}) => rolloutSteps.length > 0)
  const samples: RolloutSample[] = []
  for (const run of kept) samples.push(await sampleRollouts(run, 1 / kept.length, afterStep))
  return html`${ledgerSection(samples)}${section('rollouts', 'Rollouts', browseRollouts(samples))}`
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
    'Mode standard: the most probable next token, no thought. Mode reasoning: the model thinks, then predicts; a prediction is right when its bytes are exactly the start of the true continuation and end where a token ends. Modes forced-thought and empty-thought replace the thought by an idle or an empty one: what they keep was not won by thinking.',
    'Intervals resample whole documents, because positions of one document go together. Two overlapping intervals do not show that two models are equal, nor that they differ: read the paired difference.',
    'The fit P(C) = A / C^alpha + P* has three constants. With few checkpoints many constants fit nearly as well; look at the intervals before extrapolating.',
    'Reward is the mean of what the terms of reward.terms gave sampled completions on training positions, at the sampling temperature: with the default, the share that was right. It is not comparable with held-out accuracy. Advantage compares the reward of a completion with those of its group, as grpo.std says; a group of equal rewards teaches nothing. grpo.loss rejection compares nothing: it learns from every right completion.',
  ]
  return section('reading', 'How to read this page', [html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`])
}
