import {join} from 'node:path'
import {plotScaling} from '../../src/core/report/plot-scaling.js'
import {controlRows} from '../controls.js'
import {publish} from '../publish.js'
import type {ResultRow} from '../result-table.js'
import type {SplitName} from '../results.js'
import {flopsOf, splits} from '../results.js'
import {accuracyOf, accuracyRows, differenceRows, isReasoning, numberRow} from '../rows.js'
import {configsOf} from '../stages.js'
import {checkpointsAt, type Method, methods} from './methods.js'
import {tablesOf} from './render.js'

const base = {run: 'base', step: 0}

/** Reads the finished runs of all seeds, and publishes what they found. */
export async function publishMethods(folders: readonly string[]): Promise<void> {
  const rows = folders.flatMap(rowsOfSeed)
  const configs = methods.flatMap((method) =>
    method.configs.map(([experiment, name]) => configsOf(experiment, name)[1]),
  )
  const figures: Record<string, string> = {}
  for (const split of splits) figures[`${split}.svg`] = await figure(folders, split)
  publish('compute-matched', {rows, configs: [...new Set(configs)], tables: tablesOf(rows), figures})
}

function rowsOfSeed(folder: string, seed: number): ResultRow[] {
  const evaluation = join(folder, 'eval')
  const budget = flopsOf(join(folder, 'rpt'))
  const lines = [
    ...(['standard', 'reasoning'] as const).map((mode) => ({
      title: `base, ${mode}`,
      evaluated: {...base, mode},
      points: [],
    })),
    ...methods.map((method) => lineOf(folder, method, budget)),
  ]
  const rpt = lines[2]
  const others = lines.filter((line) => line !== rpt)
  return [
    ...accuracyRows(evaluation, lines, seed),
    ...differenceRows(evaluation, rpt.evaluated, others, {metric: 'RPT minus it', seed}),
    ...controlRows(join(folder, 'controls'), lines.filter(isReasoning), seed),
    ...lines.flatMap((line) => alongTheWay(evaluation, line, budget, seed)),
  ]
}

/** Accuracy of a line at each share of the budget, and how near the last came to it. */
function alongTheWay(
  evaluation: string,
  {title, evaluated, points}: ReturnType<typeof lineOf>,
  budget: number,
  seed: number,
): ResultRow[] {
  const metricOf = (share: number) => `accuracy at ${share === 1 ? '1' : `1/${1 / share}`}`
  return [
    ...points.flatMap(({share, step}) =>
      splits.map(
        (split): ResultRow => ({
          row: title,
          metric: metricOf(share),
          split,
          ...accuracyOf(evaluation, {...evaluated, step}, split),
          paper: null,
          seed,
        }),
      ),
    ),
    ...points
      .slice(-1)
      .map(({flops}) => numberRow(title, {metric: 'FLOPs over RPT, at the end', seed}, flops / budget)),
  ]
}

function lineOf(folder: string, {name, title, mode}: Method, budget: number) {
  const points = checkpointsAt(join(folder, name), budget)
  return {title: `${title}, ${mode}`, evaluated: {run: name, step: points.at(-1)!.step, mode}, points}
}

/** Accuracy against FLOPs, all seeds in one, one colour a method. */
function figure(folders: readonly string[], split: SplitName): Promise<string> {
  const series = methods.map((method) => ({
    name: `${method.title}, ${method.mode}`,
    points: folders.flatMap((folder) =>
      checkpointsAt(join(folder, method.name), flopsOf(join(folder, 'rpt'))).map(({step, flops}) => {
        const {value, ci_low, ci_high} = accuracyOf(
          join(folder, 'eval'),
          {run: method.name, step, mode: method.mode},
          split,
        )
        return {compute: flops, accuracy: value, ciLow: ci_low!, ciHigh: ci_high!}
      }),
    ),
  }))
  const {value} = accuracyOf(join(folders[0], 'eval'), {...base, mode: 'standard'}, split)
  return plotScaling({split, series, references: [{name: 'base, standard', accuracy: value}]})
}
