import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {metricsTable, readTable} from '../../src/core/tables/index.js'
import {meanOf} from '../../src/core/util/means.js'
import {table} from '../markdown.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {type Size, sizes, writeConfig} from './sizes.js'

/**
 * `npx tsx experiments/model-sizes/rates.ts [WIDTH ...]`: trains the base of each width with several learning rates, then
 * RPT of the best of them with several, and prints what the training itself says of each. No held-out text is read.
 */

const candidates = {base: ['7.5e-4', '1.5e-3', '3e-3'], rpt: ['5e-5', '1e-4', '2e-4']}
const {positionals: widths} = parseArgs({allowPositionals: true})
const {folder, rpt} = stagesOf('model-sizes')

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
for (const size of sizes.filter(({name}) => widths.length === 0 || widths.includes(name))) tryRates(size)

function tryRates(size: Size): void {
  const {name} = size
  const model = setsOf([`model.config=${writeConfig(folder(`config-${name}`), size)}`])
  const bases = candidates.base.map((rate) => {
    const run = `rates/base-${name}-${rate}`
    return {rate, run, loss: lastMean(run, 'loss', ['sft', rate, model])}
  })
  const [best] = bases.toSorted((one, other) => one.loss - other.loss)
  const rewards = candidates.rpt.map((rate) => {
    const run = `rates/rpt-${name}-${rate}`
    return {rate, reward: lastMean(run, 'reward', ['rpt', rate, ['--model', folder(best.run)]])}
  })
  const lines = [
    ...bases.map(({rate, loss}) => ['base: loss', rate, loss.toFixed(4)]),
    ...rewards.map(({rate, reward}) => [`RPT on the base of ${best.rate}: reward`, rate, reward.toFixed(3)]),
  ]
  console.log(`\n${table([`width ${name}, mean of the last 20 steps`, 'learning rate', 'value'], lines)}`)
}

type Training = readonly [config: string, rate: string, args: readonly string[]]

/** Trains, and returns the mean of a metric over the last 20 steps. */
function lastMean(run: string, metric: 'loss' | 'reward', [config, rate, args]: Training): number {
  const sets = setsOf([`optim.learningRate=${rate}`])
  rpt(run, 'train', configsOf('tiny', config), '--data', folder('data'), args, sets)
  const steps = readTable(join(folder(run), 'metrics.arrow'), metricsTable)
  return meanOf(steps.slice(-20).map((step) => step[metric]!))
}
