// The end of a page's script: starts what the page has.
import {startCharts} from './live-charts.js'
import {startLedgers} from './live-ledger.js'
import {startRollouts} from './live-rollouts.js'

startCharts()
startRollouts()
startLedgers()
