import {join} from 'node:path'
import {seedsOf} from '../quick.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {makeBase} from './base.js'
import {publishSeeds} from './seeds-table.js'

/** `npm run experiments -- tiny`: the whole experiment with three seeds that change corpus, base model and RL, and the tables. */

const stages = stagesOf('tiny-seeds')
const {folder, rpt} = stages
/** Both controls beside every line that reasons. */
const modes = ['standard', 'reasoning', 'forced-thought', 'empty-thought']

function runSeed(seed: number): string {
  const at = (name: string) => join(`seed-${seed}`, name)
  const {corpus, model} = makeBase(seed, stages, at('.'))
  const seeded = ['--seed', String(seed)]
  const documents = ['--documents', corpus, '--proxy', model]
  rpt(at('data'), 'prepare-data', configsOf('tiny', 'prepare'), documents, seeded)
  const data = ['--data', folder(at('data'))]
  for (const name of ['rpt', 'ntp']) rpt(at(name), 'train', configsOf('tiny', name), data, '--model', model, seeded)
  const models = [model, folder(at('ntp/checkpoints/step-000160')), folder(at('ntp')), folder(at('rpt'))]
  const sets = setsOf([`eval.models=${JSON.stringify(models)}`, `eval.modes=${JSON.stringify(modes)}`])
  rpt(at('eval'), 'eval', configsOf('tiny', 'eval'), data, sets, seeded)
  return folder(at('.'))
}

publishSeeds(seedsOf([0, 1, 2]).map((seed) => ({seed, folder: runSeed(seed)})))
