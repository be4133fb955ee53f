import {join} from 'node:path'
import {seedsOf} from '../quick.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {writeQuestions} from './questions.js'
import {publishMultipleChoice} from './table.js'

/** `npm run experiments -- multiple-choice`: the base and RPT on questions with options; two seeds of RPT. */

const seeds = seedsOf([0, 1])
const {folder, file, rpt} = stagesOf('multiple-choice')
const base = join(import.meta.dirname, '..', 'tiny', 'base')
const questions = setsOf([`data.questions=${file('questions.jsonl', writeQuestions)}`])

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
for (const seed of seeds) {
  const at = (name: string) => `seed-${seed}/${name}`
  rpt(at('rpt'), 'train', configsOf('tiny', 'rpt'), '--data', folder('data'), '--seed', String(seed))
  const models = JSON.stringify([base, folder(at('rpt'))])
  rpt(at('eval'), 'eval', configsOf('multiple-choice', 'eval'), questions, setsOf([`eval.models=${models}`]))
}
publishMultipleChoice(seeds.map((seed) => folder(`seed-${seed}`)))
