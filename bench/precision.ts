import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {at, root} from './paths.js'
import {type Agreements, agreementTable} from './precision-table.js'
import {measureAgreement} from './precision-work.js'

/**
 * Measures how far float16 products move models, and prints the table of docs/how-to/cuda.md.
 * `tsx bench/precision.ts [--model NAME=DIR ...]`; the base of experiments/tiny when no model is given. Other models keep
 * their rows in bench/precision.json.
 */

const {values} = parseArgs({options: {model: {type: 'string', multiple: true, default: []}}})
const models = values.model.length > 0 ? values.model : [`tiny base=${join(root, 'experiments', 'tiny', 'base')}`]
const file = at('precision.json')
let found: Agreements = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
for (const model of models) {
  const [name, folder] = [model.slice(0, model.indexOf('=')), model.slice(model.indexOf('=') + 1)]
  found = {...found, [name]: await measureAgreement(folder)}
  writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`)
}
process.stdout.write(`${agreementTable(found)}\n`)
