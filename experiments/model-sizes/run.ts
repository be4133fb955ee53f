import {configsOf, setsOf, stagesOf} from '../stages.js'
import {rates, sizes, writeConfig} from './sizes.js'
import {publishSizes} from './table.js'

/** `npm run experiments -- model-sizes`: bases of three widths from random weights, RPT of each, and the tables. */

const {folder, rpt} = stagesOf('model-sizes')

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
const data = ['--data', folder('data')]
for (const size of sizes) {
  const {name} = size
  const config = writeConfig(folder(`config-${name}`), size)
  const baseSets = setsOf([`model.config=${config}`, `optim.learningRate=${rates.base}`])
  const rptSets = setsOf([`optim.learningRate=${rates.rpt}`])
  rpt(`base-${name}`, 'train', configsOf('tiny', 'sft'), data, baseSets)
  rpt(`rpt-${name}`, 'train', configsOf('tiny', 'rpt'), data, '--model', folder(`base-${name}`), rptSets)
}
const models = sizes.flatMap(({name}) => [folder(`base-${name}`), folder(`rpt-${name}`)])
rpt('eval', 'eval', configsOf('model-sizes', 'eval'), data, setsOf([`eval.models=${JSON.stringify(models)}`]))
await publishSizes(folder('eval'), folder)
