import {join} from 'node:path'
import {seedsOf} from '../quick.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {starts} from './models.js'
import {writeQuestions} from './questions.js'
import {publishRlvr} from './table.js'

/** `npm run experiments -- rlvr`: RL on questions from the base, from next-token training and from RPT; two seeds. */

const seeds = seedsOf([0, 1])
const {folder, file, rpt} = stagesOf('rlvr')
const base = join(import.meta.dirname, '..', 'tiny', 'base')
const questions = setsOf([`data.questions=${file('questions.jsonl', writeQuestions)}`])

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
for (const seed of seeds) {
  const at = (name: string) => `seed-${seed}/${name}`
  const seeded = ['--seed', String(seed)]
  for (const name of ['ntp', 'rpt']) rpt(at(name), 'train', configsOf('tiny', name), '--data', folder('data'), seeded)
  const before = (name: string) => (name === 'base' ? base : folder(at(name)))
  for (const {name} of starts)
    rpt(at(`rlvr-${name}`), 'train', configsOf('rlvr', 'rlvr'), questions, '--model', before(name), seeded)
  const models = starts.flatMap(({name}) => [before(name), folder(at(`rlvr-${name}`))])
  rpt(at('eval'), 'eval', configsOf('rlvr', 'eval'), questions, setsOf([`eval.models=${JSON.stringify(models)}`]))
}
publishRlvr(seeds.map((seed) => folder(`seed-${seed}`)))
