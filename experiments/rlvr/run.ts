import {join} from 'node:path'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {starts} from './models.js'
import {writeQuestions} from './questions.js'
import {writeTables} from './table.js'

/** `npm run experiments -- rlvr`: RL on questions from the base, from next-token training and from RPT; two seeds. */

const seeds = [0, 1]
const {folder, file, rpt} = stagesOf('rlvr')
const base = join(import.meta.dirname, '..', 'tiny', 'base')
file('questions.jsonl', writeQuestions)

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
for (const seed of seeds) {
  const at = (name: string) => `seed-${seed}/${name}`
  const seeded = ['--seed', String(seed)]
  for (const name of ['ntp', 'rpt']) rpt(at(name), 'train', configsOf('tiny', name), '--data', folder('data'), seeded)
  const before = (name: string) => (name === 'base' ? base : folder(at(name)))
  for (const {name} of starts)
    rpt(at(`rlvr-${name}`), 'train', configsOf('rlvr', 'rlvr'), '--model', before(name), seeded)
  const models = starts.flatMap(({name}) => [before(name), folder(at(`rlvr-${name}`))])
  rpt(at('eval'), 'eval', configsOf('rlvr', 'eval'), setsOf([`eval.models=${JSON.stringify(models)}`]))
}
await writeTables(seeds.map((seed) => folder(`seed-${seed}`)))
