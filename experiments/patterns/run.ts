import {existsSync, readFileSync} from 'node:fs'
import {parseArgs} from 'node:util'
import {documentsFrom, skipLine} from '../real-model.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {writeQuestions} from './questions.js'
import {publishPatterns} from './table.js'

/**
 * `npm run experiments -- patterns --model DIR`: a checkpoint solves problems and predicts tokens of their texts, and the
 * table of keywords. What is done is not done again: start it again at any time.
 */

const {values: given} = parseArgs({
  options: {
    model: {type: 'string'},
    // What predicts tokens, e.g. a run of RPT from the model; the model itself when absent.
    trained: {type: 'string'},
    // In place of the Hub: a JSONL file.
    documents: {type: 'string'},
  },
})

if (given.model === undefined) console.log(skipLine('patterns'))
else compare(given.model, given.trained ?? given.model)

function compare(model: string, trained: string): void {
  const {folder, rpt} = stagesOf('patterns')
  const proxy = ['--proxy', model]
  rpt('data', 'prepare-data', configsOf('patterns', 'prepare'), documentsFrom(given.documents), proxy)
  const file = folder('questions.jsonl')
  const count = existsSync(file) ? linesOf(file) : writeQuestions(folder('data'), file)
  const asked = setsOf([`data.questions=${file}`, `data.valDocuments=${count}`])
  rpt('questions', 'eval', configsOf('patterns', 'questions'), '--model', model, asked)
  rpt('positions', 'eval', configsOf('patterns', 'positions'), '--model', trained)
  publishPatterns(folder('questions'), folder('positions'))
}

function linesOf(file: string): number {
  return readFileSync(file, 'utf8').trimEnd().split('\n').length
}
