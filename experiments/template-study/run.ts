import {existsSync} from 'node:fs'
import {resolve} from 'node:path'
import {parseArgs} from 'node:util'
import {knowsThinking} from '../../src/core/prompts/prompts.js'
import {resolveModel} from '../../src/core/runs/resolve-model.js'
import {loadTokenizer} from '../../src/core/tokenizer/tokenizer.js'
import {documentsFrom, skipLine} from '../real-model.js'
import {configsOf, setsOf, stagesOf} from '../stages.js'
import {type PromptFiles, promptSettings} from './prompts.js'
import {studied, type Variant, variantNames, variants} from './study.js'
import {publishControls, publishTemplates} from './table.js'

/**
 * `npm run experiments -- template-study --model DIR`: the seven templates on one checkpoint, and the tables. What is done
 * is not done again: start it again at any time. `npx tsx experiments/template-study/run.ts --model DIR --controls`
 * evaluates the controls alone, and publishes them beside the rows of all else that are published.
 */

const {values: given} = parseArgs({
  options: {
    model: {type: 'string'},
    // In place of the Hub: a JSONL file.
    documents: {type: 'string'},
    // Positions.
    limit: {type: 'string'},
    // Alone, beside the published rows of all else.
    controls: {type: 'boolean', default: false},
  },
})

if (given.model === undefined) console.log(skipLine('template-study'))
else await study(given.model)

async function study(model: string): Promise<void> {
  const {folder, rpt} = stagesOf('template-study')
  rpt('data', 'prepare-data', configsOf('template-study', 'prepare'), documentsFrom(given.documents), '--proxy', model)
  const tokenizer = await loadTokenizer((await resolveModel(existsSync(model) ? resolve(model) : model)).folder)
  const isPlain = !knowsThinking(tokenizer)
  const used = variantNames.filter((variant) => isPlain || !variants[variant].isForPlainModels)
  const files = {folder: folder('templates'), chatTemplate: tokenizer.chatTemplate?.source ?? null}
  const limit = given.limit === undefined ? [] : ['--limit', given.limit]
  const evaluate: Evaluate = (stage, configs, args) => rpt(stage, 'eval', configs, '--model', model, limit, args)
  if (!given.controls) {
    sample(used, files, evaluate)
    evaluate('standard', configsOf('template-study', 'eval'), ['--mode', 'standard', '--set', 'prompt.template=v0'])
  }
  force(used, files, evaluate)
  await (given.controls ? publishControls : publishTemplates)(folder, used)
}

/** Evaluates the model as the stage of that name. */
type Evaluate = (stage: string, configs: readonly string[], args: readonly string[]) => void

/** Every template in every way. */
function sample(used: readonly Variant[], files: PromptFiles, evaluate: Evaluate): void {
  for (const variant of used)
    for (const {name} of studied) {
      const prompt = promptSettings(files, variant, variants[variant], name)
      evaluate(
        `${variant}/${name}`,
        configsOf('template-study', 'eval'),
        setsOf([...prompt, ...variants[variant].settings]),
      )
    }
}

/** The same behind thoughts that compute nothing. */
function force(used: readonly Variant[], files: PromptFiles, evaluate: Evaluate): void {
  for (const variant of used.filter((one) => variants[one].controls.length > 0))
    for (const {name} of studied) {
      const prompt = promptSettings(files, variant, variants[variant], name)
      evaluate(`controls/${variant}/${name}`, configsOf('template-study', 'eval', 'controls'), setsOf(prompt))
    }
}
