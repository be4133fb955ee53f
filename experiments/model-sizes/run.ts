import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {configOf, sizes} from './sizes.js'
import {publishSizes} from './table.js'

/** `npm run experiments -- model-sizes`: bases of three widths from random weights, RPT of each, and the tables. */

const {folder, rpt} = stagesOf('model-sizes')
const tiny = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'tiny', 'model', 'config.json'), 'utf8'))

rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
for (const size of sizes) {
  const config = folder(`config-${size.name}/config.json`)
  mkdirSync(dirname(config), {recursive: true})
  writeFileSync(config, `${JSON.stringify(configOf(tiny, size), null, 2)}\n`)
  const data = ['--data', folder('data')]
  rpt(`base-${size.name}`, 'train', configsOf('tiny', 'sft'), data, setsOf([`model.config=${config}`]))
  rpt(`rpt-${size.name}`, 'train', configsOf('tiny', 'rpt'), data, '--model', folder(`base-${size.name}`))
}
const models = sizes.flatMap(({name}) => [folder(`base-${name}`), folder(`rpt-${name}`)])
rpt(
  'eval',
  'eval',
  configsOf('model-sizes', 'eval'),
  ['--data', folder('data')],
  setsOf([`eval.models=${JSON.stringify(models)}`]),
)
await publishSizes(folder('eval'), folder)
