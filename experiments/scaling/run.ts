import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {publishScaling} from './table.js'

/** `npm run experiments -- scaling`: five seeds of RPT, six checkpoints of each, and the fit of Eq. 5. */

const {folder, rpt} = stagesOf('scaling')
rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
rpt('sweep', 'scaling-sweep', configsOf('scaling', 'sweep'))
const runs = readdirSync(folder('sweep/runs')).map((run) => join(folder('sweep/runs'), run))
const models = setsOf([`eval.models=${JSON.stringify(runs)}`])
rpt('controls', 'eval', configsOf('tiny', 'eval', 'controls'), '--data', folder('data'), models)
await publishScaling(folder('sweep'), folder('controls'))
