import {join} from 'node:path'
import {seedsOf} from '../quick.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {rewards} from './rewards.js'
import {publishRewards} from './table.js'

/** `npm run experiments -- rewards`: the tiny experiment with every reward, two seeds of training, and the tables. */

const seeds = seedsOf([0, 1])
const {folder, rpt} = stagesOf('rewards')
const base = join(import.meta.dirname, '..', 'tiny', 'base')

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
for (const seed of seeds) {
  const at = (name: string) => `seed-${seed}/${name}`
  for (const {name, settings} of rewards)
    rpt(
      at(name),
      'train',
      configsOf('tiny', 'rpt'),
      ['--data', folder('data'), '--seed', String(seed)],
      setsOf(settings),
    )
  const models = [base, ...rewards.map(({name}) => folder(at(name)))]
  rpt(
    at('eval'),
    'eval',
    configsOf('rewards', 'eval'),
    ['--data', folder('data')],
    setsOf([`eval.models=${JSON.stringify(models)}`]),
  )
}
publishRewards(seeds.map((seed) => folder(`seed-${seed}`)))
