import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {bootstrapFit} from '../../../src/core/statistics/bootstrap-fit.js'
import {fitRow} from '../../../src/core/statistics/series.js'
import {fitCurves} from '../../../src/core/sweep/fit-curves.js'
import {nullsOf, predictionsTable, type SweepRow, sweepTable, writeTable} from '../../../src/core/tables/index.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

const task = {
  strata: ['easy', 'hard'],
  splits: ['easy', 'hard'].map((name) => ({name, strata: [name]})),
}
const documents = Array.from({length: 20}, (_, i) => `document ${i}`)
/** By run, by checkpoint: how many documents are right on the easy and on the hard split. */
const right = {
  'seed=4': [
    [6, 2],
    [12, 4],
    [16, 5],
    [18, 6],
  ],
  'seed=3': [
    [5, 3],
    [11, 4],
    [15, 6],
    [17, 7],
  ],
}

it('each curve is fitted on each split to the scores of that split, run by run', async () => {
  const folder = temporaryFolder()
  const rows: SweepRow[] = []
  for (const [run, checkpoints] of Object.entries(right)) {
    mkdirSync(join(folder, 'predictions', run), {recursive: true})
    for (const [i, counts] of checkpoints.entries()) {
      const step = i + 1
      const predictions = documents.flatMap((cluster, at) =>
        task.strata.map((split, level) => ({
          ...nullsOf(predictionsTable),
          ...{doc_id: cluster, position: at, mode: 'standard' as const, split, sample: 0, truth: new Uint8Array()},
          ...{correct: at < counts[level], cut_tokens: 0, task: 'next-token', item: '', cluster},
        })),
      )
      await writeTable(join(folder, 'predictions', run, `step-00000${step}.arrow`), predictionsTable, predictions)
      const seed = Number(run.slice(-1))
      const of = {...nullsOf(sweepTable), run, point: JSON.stringify({seed}), step, compute_flops: 10 ** step, seed}
      for (const split of task.strata) rows.push({...of, mode: 'standard', split, accuracy: 0})
    }
  }
  const run = {path: folder}
  const sets = ['sweep.bootstraps=30', 'sweep.resampleSeeds=true', 'seed=5']
  const fits = await fitCurves(rows, task, loadConfig({sets, cwd: '.'}).config, run)
  const expected = task.strata.map((split, level) => {
    const curves = Object.entries(right).map(([name, checkpoints]) => ({
      seed: Number(name.slice(-1)),
      checkpoints: checkpoints.map((counts, at) => ({
        compute: 10 ** (at + 1),
        documents: documents.map((docId, rank) => ({docId, count: 1, correct: Number(rank < counts[level])})),
      })),
    }))
    const fit = bootstrapFit(curves, {bootstraps: 30, resampleSeeds: true, seed: 5})
    return fitRow({series: 'standard', mode: 'standard', split}, fit)
  })
  expect(fits).toEqual(expected)
  expect(fits.every(({P_star, point_count}) => P_star !== null && point_count === 8)).toBe(true)
})
