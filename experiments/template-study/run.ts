import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {knowsThinking} from '../../src/core/prompts/prompts.js'
import {resolveModel} from '../../src/core/runs/resolve-model.js'
import {loadTokenizer} from '../../src/core/tokenizer/tokenizer.js'
import {documentsFrom, skipLine} from '../real-model.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {chatTemplateOf, studied, templateOf, variantNames, variants} from './study.js'
import {publishTemplates} from './table.js'

/**
 * `npm run experiments -- template-study --model DIR`: the seven templates on one checkpoint, and the tables. What is done
 * is not done again: start it again at any time.
 */

const {values: given} = parseArgs({
  options: {
    model: {type: 'string'},
    // In place of the Hub: a JSONL file.
    documents: {type: 'string'},
    // Positions.
    limit: {type: 'string'},
  },
})

if (given.model === undefined) console.log(skipLine('template-study'))
else await study(given.model)

async function study(model: string): Promise<void> {
  const {folder, rpt} = stagesOf('template-study')
  const limit = given.limit === undefined ? [] : ['--limit', given.limit]
  rpt('data', 'prepare-data', configsOf('template-study', 'prepare'), documentsFrom(given.documents), '--proxy', model)
  const write = (name: string, text: string) => {
    const file = join(folder('templates'), name)
    mkdirSync(folder('templates'), {recursive: true})
    writeFileSync(file, text)
    return file
  }
  const tokenizer = await loadTokenizer((await resolveModel(model)).folder)
  const isPlain = !knowsThinking(tokenizer)
  const used = variantNames.filter((variant) => isPlain || !variants[variant].isForPlainModels)
  for (const variant of used) {
    const chatTemplate = chatTemplateOf(tokenizer.chatTemplate?.source ?? null, variants[variant])
    const chat = chatTemplate === null ? [] : [`prompt.chatTemplateFile=${write(`${variant}.jinja`, chatTemplate)}`]
    for (const {name} of studied) {
      const text = templateOf(name, variants[variant])
      const template =
        text === null ? `prompt.template=${name}` : `prompt.templateFile=${write(`${variant}-${name}.txt`, text)}`
      const sets = setsOf([template, ...chat, ...variants[variant].settings])
      const stage = `${variant}/${name}`
      rpt(stage, 'eval', configsOf('template-study', 'eval'), '--model', model, limit, sets)
    }
  }
  const plain = ['--mode', 'standard', '--set', 'prompt.template=v0']
  rpt('standard', 'eval', configsOf('template-study', 'eval'), '--model', model, limit, plain)
  await publishTemplates(folder, used)
}
