import {readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect, it} from 'vitest'
import {
  choiceFormNames,
  curriculumNames,
  lossNames,
  objectiveNames,
  rewardNames,
  selectionNames,
  taskNames,
  thoughtStyles,
  trackerNames,
  verifierNames,
} from '../src/core/config/names.js'
import {families} from '../src/core/models/families.js'
import {templates} from '../src/core/prompts/templates.js'
import {modelDumps} from './parity/model-dumps.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Table, its names, and the page of docs/ that names each of them, as code. */
const tables: readonly (readonly [table: string, names: readonly string[], page: string])[] = [
  ['rewardNames', rewardNames, 'how-to/own-reward.md'],
  ['lossNames', lossNames, 'how-to/losses.md'],
  ['selectionNames', selectionNames, 'how-to/choose-positions.md'],
  ['curriculumNames', curriculumNames, 'how-to/choose-positions.md'],
  ['templates', Object.keys(templates), 'how-to/prompts.md'],
  ['families', Object.keys(families), 'how-to/models-and-datasets.md'],
  ['verifierNames', verifierNames, 'how-to/questions.md'],
  ['choiceFormNames', choiceFormNames, 'how-to/multiple-choice.md'],
  ['thoughtStyles', thoughtStyles, 'how-to/warm-start.md'],
  ['trackerNames', trackerNames, 'how-to/read-the-tables.md'],
  ['objectiveNames', objectiveNames, 'glossary.md'],
  ['taskNames', taskNames, 'glossary.md'],
]

it.each(tables)('every name of %s is in the docs', (_, names, page) => {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  const missing = names.filter((name) => !text.includes(`\`${name}\``))
  expect(missing, `say in docs/${page} what each of these does`).toEqual([])
})

it('every family has been compared with transformers', () => {
  const compared = new Set(
    modelDumps.map(([, , folder]) => JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).model_type),
  )
  const missing = Object.keys(families).filter((family) => !compared.has(family))
  expect(missing, 'make a dump of each of these: see test/parity/README.md').toEqual([])
})
