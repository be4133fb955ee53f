import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {parseArgs} from 'node:util'
import type {GroupLengths} from '../../src/core/models/flops.js'
import {flopsOf} from '../results.js'
import {configsOf, stagesOf} from '../stages.js'
import {completionLengths, documentLengths, shapeOfRun, stepsFor} from './compute.js'
import {type Rejection, sampleRight} from './sample-right.js'

/**
 * `npm run experiment:smollm2`: the whole experiment in stages, each of at most 45 minutes on two cores with AVX-512. What is
 * done is not done again, what was interrupted goes on: start it again at any time.
 */

const {values: given} = parseArgs({
  options: {
    // In place of the Hub: a checkpoint folder, a JSONL file.
    model: {type: 'string'},
    documents: {type: 'string'},
  },
})
const {folder, rpt} = stagesOf('smollm2-gsm8k')
const config = (...names: string[]) => configsOf('smollm2-gsm8k', ...names)

const model = given.model ? ['--model', given.model] : []
const documents = given.documents ? ['--documents', given.documents, '--set', 'data.subset=null'] : []
const proxy = given.model ? ['--proxy', given.model] : []

rpt('data', 'prepare-data', config('prepare'), documents, proxy)
rpt('data-random', 'prepare-data', config('prepare', 'random'), documents, proxy)
rpt('rows.jsonl', 'warm-start', config('warm'), model)
rpt('warm', 'train', config('warm'), model)
rpt('rpt', 'train', config('rpt'))
rpt('random', 'train', config('rpt'), '--data', folder('data-random'))

const shape = await shapeOfRun(folder('rpt'))
const flops = flopsOf(folder('rpt'))
const batchRows = 16
const steps = (cost: number, lengths: readonly GroupLengths[]) => String(stepsFor(cost, shape, lengths, batchRows))
rpt('ntp', 'train', config('ntp'), '--steps', steps(flops, documentLengths(folder('data'))))

// The sampling costs what it costs; the rest of RPT's FLOPs is for training on what was right.
if (existsSync(folder('rejection.json'))) console.log(`\n${folder('rejection.json')} is there and is used as it is`)
else writeFileSync(folder('rejection.json'), JSON.stringify(await sampleRight(config('rpt')[1], folder('right.jsonl'))))
const drawn: Rejection = JSON.parse(readFileSync(folder('rejection.json'), 'utf8'))
const lengths = await completionLengths(folder('right.jsonl'), folder('warm'))
rpt('rejection', 'train', config('rejection'), '--steps', steps(flops - drawn.flops, lengths))

/** Runs that are compared. */
const trained = ['warm', 'ntp', 'rejection', 'random', 'rpt']
const models = [given.model ?? 'hf:HuggingFaceTB/SmolLM2-135M-Instruct', ...trained.map(folder)]
rpt('eval', 'eval', config('eval'), '--set', `eval.models=${JSON.stringify(models)}`)
rpt('controls', 'eval', config('eval', 'controls'), '--set', `eval.models=${JSON.stringify(models.slice(1))}`)
rpt('plain', 'eval', config('eval', 'plain'), '--model', models[0])
rpt('controls-plain', 'eval', config('eval', 'plain', 'controls'), '--model', models[0])
rpt('eval-samples', 'eval', config('eval', 'samples'))
rpt('sweep', 'scaling-sweep', config('sweep'))
