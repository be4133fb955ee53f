import {join} from 'node:path'
import {stepName} from '../../src/core/runs/run-checkpoints.js'
import {seedsOf} from '../quick.js'
import {flopsOf} from '../results.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {checkpointsAt, methods} from './methods.js'
import {publishMethods} from './table.js'

/**
 * `npm run experiments -- compute-matched`: every method on the tiny base, at the FLOPs of its RPT run, and the
 * tables. What is done is not done again: start it again at any time.
 */

const seeds = seedsOf([0, 1])
const {folder, rpt} = stagesOf('compute-matched')
const base = join(import.meta.dirname, '..', 'tiny', 'base')

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
rpt('data-random', 'prepare-data', configsOf('tiny', 'prepare'), configsOf('compute-matched', 'random'))
for (const seed of seeds) {
  const at = (name: string) => `seed-${seed}/${name}`
  for (const {name, configs, data, settings = []} of methods) {
    const given = configs.flatMap(([experiment, config]) => configsOf(experiment, config))
    // Every tenth step is kept, so that one is near each share of the FLOPs.
    const sets = setsOf([...settings, 'checkpoint.every=10', 'checkpoint.keepLast=1000'])
    rpt(at(name), 'train', given, '--data', folder(data), '--seed', String(seed), sets)
  }
  const budget = flopsOf(folder(at('rpt')))
  const checkpointsOf = (name: string) =>
    [...new Set(checkpointsAt(folder(at(name)), budget).map(({step}) => step))].map((step) =>
      join(folder(at(name)), 'checkpoints', stepName(step)),
    )
  const evaluate = (name: string, configs: readonly string[], models: readonly string[]) => {
    const list = setsOf([`eval.models=${JSON.stringify([base, ...models])}`])
    rpt(at(name), 'eval', configsOf('compute-matched', 'eval'), configs, '--data', folder('data'), list)
  }
  const all = methods.map(({name}) => checkpointsOf(name))
  const atTheEnd = all.filter((_, i) => methods[i].mode === 'reasoning').map((checkpoints) => checkpoints.at(-1)!)
  evaluate('eval', [], all.flat())
  evaluate('controls', configsOf('tiny', 'controls'), atTheEnd)
}
await publishMethods(seeds.map((seed) => folder(`seed-${seed}`)))
