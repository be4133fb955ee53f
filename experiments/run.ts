import {spawn} from 'node:child_process'
import {availableParallelism} from 'node:os'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {parseArgs} from 'node:util'
import {maxOf} from '../src/core/util/extremes.js'
import {type Experiment, experiments} from './experiments.js'
import {republish} from './publish.js'

/**
 * `npm run experiments [-- NAME ...] [--quick | --tables] [--jobs N] [--model DIR [--documents FILE]]`: runs the experiments of these
 * names, or all that this machine can, each in a process of its own. Those of the tiny model take one core each, so as many
 * run at once as there are cores. Those that need a model take all cores, run one after the other at the end, and are
 * skipped without `--model`. `--tables` runs nothing, and writes the tables of the READMEs anew from `result.arrow`.
 */

const {values, positionals: names} = parseArgs({
  options: {
    quick: {type: 'boolean', default: false},
    tables: {type: 'boolean', default: false},
    jobs: {type: 'string', default: String(availableParallelism())},
    model: {type: 'string'},
    documents: {type: 'string'},
  },
  allowPositionals: true,
})
const unknown = names.find((name) => !experiments.some((one) => one.name === name))
if (unknown !== undefined)
  throw new Error(`there is no experiment ${unknown}; expected one of ${experiments.map(({name}) => name).join(', ')}`)
const nameWidth = maxOf(experiments.map(({name}) => name.length))
const jobs = Number(values.jobs)
if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs is ${values.jobs}; expected a whole number from 1`)

const began = Date.now()
const chosen = experiments.filter(({name}) => names.length === 0 || names.includes(name))
// The longest first, so that none is left alone at the end.
const small = chosen.filter(({needs}) => needs === 'nothing').sort((one, other) => other.minutes - one.minutes)
const large = chosen.filter(({needs}) => needs === 'model')
if (values.tables) for (const experiment of chosen) await republish(experiment)
else await runAll()

async function runAll(): Promise<void> {
  const outcomes = [...(await atOnce(small, jobs)), ...(await atOnce(large, 1))]
  console.log(`\n${outcomes.map(({text}) => text).join('\n')}\nin all ${minutesSince(began)} minutes`)
  process.exitCode = outcomes.some(({isFailed}) => isFailed) ? 1 : 0
}

interface Outcome {
  readonly text: string
  readonly isFailed: boolean
}

/** Runs experiments, so many at once; their outcomes in the order in which they end. */
async function atOnce(waiting: Experiment[], count: number): Promise<Outcome[]> {
  const ended: Outcome[] = []
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) ended.push(await outcomeOf(next))
  }
  await Promise.all(Array.from({length: count}, worker))
  return ended
}

async function outcomeOf(experiment: Experiment): Promise<Outcome> {
  const {name, needs, hasQuick} = experiment
  if (values.quick && !hasQuick) return {text: `${name}: skipped, it has no quick run`, isFailed: false}
  if (needs === 'model' && values.model === undefined)
    return {text: `${name}: skipped, it needs --model DIR, a checkpoint folder`, isFailed: false}
  const start = Date.now()
  const status = await runScript(experiment)
  const end = status === 0 ? 'done' : `ended with status ${status}`
  return {text: `${name}: ${end} after ${minutesSince(start)} minutes`, isFailed: status !== 0}
}

/** Every line of the script, behind the experiment's name; its exit status, null where a signal ended it. */
function runScript({name, script, needs}: Experiment): Promise<number | null> {
  const documents = values.documents === undefined ? [] : ['--documents', values.documents]
  const real = needs === 'model' ? ['--model', values.model!, ...documents] : []
  const args = ['--import', 'tsx', join(import.meta.dirname, script), ...real, ...(values.quick ? ['--quick'] : [])]
  const child = spawn(process.execPath, args, {stdio: ['ignore', 'pipe', 'pipe']})
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', (line) => console.log(`${name.padEnd(nameWidth)} | ${line}`))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve(status))
  })
}

function minutesSince(start: number): string {
  return ((Date.now() - start) / 60_000).toFixed(1)
}
