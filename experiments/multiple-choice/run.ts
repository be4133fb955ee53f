import {join} from 'node:path'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {writeQuestions} from './questions.js'
import {writeTables} from './table.js'

/** `npm run experiments -- multiple-choice`: the base and RPT on questions with options; two seeds of RPT. */

const seeds = [0, 1]
const {folder, file, rpt} = stagesOf('multiple-choice')
const base = join(import.meta.dirname, '..', 'tiny', 'base')
file('questions.jsonl', writeQuestions)

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
for (const seed of seeds) {
  const at = (name: string) => `seed-${seed}/${name}`
  rpt(at('rpt'), 'train', configsOf('tiny', 'rpt'), '--data', folder('data'), '--seed', String(seed))
  const models = JSON.stringify([base, folder(at('rpt'))])
  rpt(at('eval'), 'eval', configsOf('multiple-choice', 'eval'), setsOf([`eval.models=${models}`]))
}
await writeTables(seeds.map((seed) => folder(`seed-${seed}`)))
