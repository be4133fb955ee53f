import {join} from 'node:path'
import {metricsTable, readTable} from '../../src/core/tables/index.js'
import {meanOf} from '../../src/core/util/means.js'
import {type ResultRow, writeResult} from '../result-table.js'
import {numberRow} from '../rows.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {insertTables} from '../tables.js'
import {candidates, metricOf, ratesFile, ratesTable} from './rates-table.js'
import {type Size, sizes, writeConfig} from './sizes.js'

/**
 * `npx tsx experiments/model-sizes/rates.ts`: trains the base of the smallest and of the largest width with several learning
 * rates, then RPT of the best of them with several, and publishes what the training itself says of each. No held-out text
 * is read. What is done is not done again: start it again at any time.
 */

const {folder, rpt} = stagesOf('model-sizes')

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
const rows = [sizes[0], sizes.at(-1)!].flatMap(tryRates)
const configs = ['sft', 'rpt'].map((name) => configsOf('tiny', name)[1])
writeResult(ratesFile, rows, configs)
insertTables(join(import.meta.dirname, 'README.md'), {rates: ratesTable(rows)})
console.log(`\n${ratesTable(rows)}`)

function tryRates(size: Size): ResultRow[] {
  const {name} = size
  const model = setsOf([`model.config=${writeConfig(folder(`config-${name}`), size)}`])
  const baseOf = (rate: string) => `rates/base-${name}-${rate}`
  const losses = candidates.base.map((rate) => ({rate, value: lastMean(baseOf(rate), 'loss', ['sft', rate, model])}))
  const [best] = losses.toSorted((one, other) => one.value - other.value)
  const start = ['--model', folder(baseOf(best.rate))]
  const rewards = candidates.rpt.map((rate) => {
    const value = lastMean(`rates/rpt-${name}-${rate}`, 'reward', ['rpt', rate, start])
    return {rate, value}
  })
  const rowOf = (metric: string, value: number) => numberRow(`width ${name}`, {metric, seed: 0}, value, 'train')
  return [
    ...losses.map(({rate, value}) => rowOf(metricOf('base', rate), value)),
    ...rewards.map(({rate, value}) => rowOf(metricOf('rpt', rate), value)),
  ]
}

type Training = readonly [config: string, rate: string, args: readonly string[]]

/** Trains, and returns the mean of a metric over the last 20 steps. */
function lastMean(run: string, metric: 'loss' | 'reward', [config, rate, args]: Training): number {
  const sets = setsOf([`optim.learningRate=${rate}`])
  rpt(run, 'train', configsOf('tiny', config), '--data', folder('data'), args, sets)
  const steps = readTable(join(folder(run), 'metrics.arrow'), metricsTable)
  return meanOf(steps.slice(-20).map((step) => step[metric]!))
}
