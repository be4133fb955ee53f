import {configsOf, stagesOf} from '../stages.js'
import {publishScaling} from './table.js'

/** `npm run experiments -- scaling`: five seeds of RPT, six checkpoints of each, and the fit of Eq. 5. */

const {folder, rpt} = stagesOf('scaling')
rpt('data', 'prepare-data', configsOf('tiny', 'prepare'))
rpt('sweep', 'scaling-sweep', configsOf('scaling', 'sweep'))
await publishScaling(folder('sweep'))
