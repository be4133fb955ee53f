import {spawnSync} from 'node:child_process'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {type Experiment, experiments} from './experiments.js'

/**
 * `npm run experiments [-- NAME ...] [--model DIR [--documents FILE]]`: runs the experiments of these names, or all that this machine can,
 * one after the other, each in a process of its own. Those that need a model are skipped without `--model`.
 */

const {values, positionals: names} = parseArgs({
  options: {model: {type: 'string'}, documents: {type: 'string'}},
  allowPositionals: true,
})
const unknown = names.find((name) => !experiments.some((one) => one.name === name))
if (unknown !== undefined)
  throw new Error(`there is no experiment ${unknown}; expected one of ${experiments.map(({name}) => name).join(', ')}`)

const outcomes: string[] = []
let failed = 0
for (const experiment of experiments.filter(({name}) => names.length === 0 || names.includes(name))) {
  const reason = whySkipped(experiment)
  if (reason !== null) {
    outcomes.push(`${experiment.name}: skipped, ${reason}`)
    continue
  }
  const began = Date.now()
  console.log(`\n== ${experiment.name}`)
  const status = runScript(experiment)
  if (status !== 0) failed++
  const seconds = Math.round((Date.now() - began) / 1000)
  outcomes.push(`${experiment.name}: ${status === 0 ? 'done' : `ended with status ${status}`} after ${seconds} s`)
}
console.log(`\n${outcomes.join('\n')}`)
process.exitCode = failed > 0 ? 1 : 0

function whySkipped({needs}: Experiment): string | null {
  if (needs === 'model' && values.model === undefined) return 'it needs --model DIR, a checkpoint folder'
  return null
}

function runScript({script, needs}: Experiment): number | null {
  const documents = values.documents === undefined ? [] : ['--documents', values.documents]
  const args = needs === 'model' ? ['--model', values.model!, ...documents] : []
  const {status} = spawnSync(process.execPath, ['--import', 'tsx', join(import.meta.dirname, script), ...args], {
    stdio: 'inherit',
  })
  return status
}
