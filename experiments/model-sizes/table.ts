import {readModelConfig} from '../../src/core/models/model-config.js'
import {parameterCount} from '../../src/core/models/parameters.js'
import {colorBy, drawSvg} from '../../src/core/report/svg.js'
import {meanOf} from '../../src/core/util/means.js'
import {controlRows, controlTables} from '../controls.js'
import {accuracyTable, differenceTable, namesOf, percent, table} from '../markdown.js'
import {publish} from '../publish.js'
import {type ResultRow, readResult} from '../result-table.js'
import {splits} from '../results.js'
import {accuracyRows, differenceRows, type Line, numberRow} from '../rows.js'
import {configsOf} from '../stages.js'
import {ratesFile, ratesTable} from './rates-table.js'
import {sizes} from './sizes.js'

const [mean, minus, weights] = ['mean of the splits', 'RPT minus it', 'weights']

/** The lines of one size; the paper's means are those of its 14B model. */
function linesOf(size: string): readonly [Line, Line, Line] {
  const base = (mode: string) => ({run: `base-${size}`, step: 2000, mode})
  return [
    {title: `width ${size}: base, standard`, evaluated: base('standard')},
    {title: `width ${size}: base, reasoning`, evaluated: base('reasoning')},
    {title: `width ${size}: RPT, reasoning`, evaluated: {run: `rpt-${size}`, step: 160, mode: 'reasoning'}},
  ]
}

/** Reads the finished runs, and publishes what they found. */
export async function publishSizes(evaluation: string, folder: (name: string) => string): Promise<void> {
  const rows: ResultRow[] = []
  for (const {name} of sizes) {
    const [standard, reasoning, rpt] = linesOf(name)
    const accuracies = accuracyRows(evaluation, [standard, reasoning, rpt], 0)
    const model = await readModelConfig(folder(`config-${name}`))
    rows.push(
      ...accuracies,
      ...namesOf(accuracies).map((row) => numberRow(row, {metric: mean, seed: 0}, meanOfSplits(accuracies, row))),
      ...differenceRows(evaluation, rpt.evaluated, [standard, reasoning], {metric: minus, seed: 0}),
      ...controlRows(evaluation, [reasoning, rpt], 0),
      numberRow(`width ${name}`, {metric: weights, seed: 0}, parameterCount(model)),
    )
  }
  const ofTiny = ['prepare', 'sft', 'rpt'].map((name) => configsOf('tiny', name)[1])
  const configs = [...ofTiny, configsOf('model-sizes', 'eval')[1]]
  publish('model-sizes', {rows, configs, tables: tablesOf(rows), figures: {'sizes.svg': await figure(rows)}})
}

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  return {
    means: table(
      ['mean of the three splits, %', 'weights', ...kinds],
      sizes.map(({name}) => [
        `width ${name}`,
        numberOf(rows, `width ${name}`, weights).toLocaleString('en-US'),
        ...kinds.map((kind) => percent(numberOf(rows, `width ${name}: ${kind}`, mean))),
      ]),
    ),
    accuracy: accuracyTable(rows),
    controls: controlTables(rows),
    rates: ratesTable(readResult(ratesFile)),
    differences: differenceTable(rows, minus, 'RPT, reasoning, minus'),
  }
}

const kinds = ['base, standard', 'base, reasoning', 'RPT, reasoning'] as const

function meanOfSplits(rows: readonly ResultRow[], name: string): number {
  return meanOf(splits.map((split) => rows.find(({row, split: own}) => row === name && own === split)!.value))
}

function numberOf(rows: readonly ResultRow[], name: string, metric: string): number {
  return rows.find((row) => row.row === name && row.metric === metric)!.value
}

/** The mean over the splits against the number of weights: the shape of the paper's Figure 4. */
function figure(rows: readonly ResultRow[]): Promise<string> {
  const values = sizes.flatMap(({name}) =>
    kinds.map((kind) => ({
      kind,
      weights: numberOf(rows, `width ${name}`, weights),
      accuracy: 100 * numberOf(rows, `width ${name}: ${kind}`, mean),
    })),
  )
  return drawSvg({
    width: 360,
    height: 260,
    data: {values},
    mark: {type: 'line', point: {size: 55}},
    encoding: {
      x: {
        field: 'weights',
        type: 'quantitative',
        scale: {type: 'log', nice: false},
        axis: {format: '.0e', tickCount: 4},
      },
      y: {field: 'accuracy', type: 'quantitative', title: 'mean accuracy of the splits, %', scale: {domainMin: 0}},
      color: colorBy(kinds, 'kind', 1),
    },
  })
}
