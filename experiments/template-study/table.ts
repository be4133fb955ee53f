import {join} from 'node:path'
import {loadConfig} from '../../src/core/config/load.js'
import {openPrepared} from '../../src/core/prepared/prepared.js'
import {contextAt} from '../../src/core/prompts/contexts.js'
import {prefixReward} from '../../src/core/rewards/prefix-match.js'
import {type EvalRow, evalTable, readTable} from '../../src/core/tables/index.js'
import {publish} from '../publish.js'
import {greedyPredictions, sampledPredictions} from '../real-model.js'
import {type ResultRow, readResult} from '../result-table.js'
import {configsOf} from '../stages.js'
import {argMaxRow, controlRows, type IsRight, isOfControl, resultRows} from './measure.js'
import {tablesOf} from './render.js'
import {studied, type Variant, variants} from './study.js'

const configs = ['prepare', 'eval', 'controls'].map((name) => configsOf('template-study', name)[1])

/** Where the stages of the study have left their results. */
type Folder = (name: string) => string

/** Reads the finished evaluations, and publishes what they found. */
export async function publishTemplates(folder: Folder, used: readonly Variant[]): Promise<void> {
  const isRight = await graderOf(folder('data'))
  const plain = overall(folder('standard'), 'standard')
  publishRows([argMaxRow(plain), ...sampledRows(folder, used, isRight), ...controlledRows(folder, used, isRight)])
}

/** Reads the finished evaluations of the controls, and publishes them beside the rows of all else that are published. */
export async function publishControls(folder: Folder, used: readonly Variant[]): Promise<void> {
  const isRight = await graderOf(folder('data'))
  const others = readResult(join(import.meta.dirname, 'result.arrow')).filter((row) => !isOfControl(row))
  publishRows([...others, ...controlledRows(folder, used, isRight)])
}

function publishRows(rows: readonly ResultRow[]): void {
  publish('template-study', {rows, configs, tables: tablesOf(rows)})
}

function sampledRows(folder: Folder, used: readonly Variant[], isRight: IsRight): ResultRow[] {
  return used.flatMap((variant) =>
    studied.flatMap((template) => {
      const evaluation = folder(`${variant}/${template.name}`)
      const own = resultRows(template, variant, sampledPredictions(evaluation), isRight)
      if (!variants[variant].isPaperGraded) return own
      const passAt = overall(evaluation, 'reasoning').pass_at!
      for (const [i, k] of [1, 8].entries()) checkSame(`${evaluation}: pass@${k}`, own[i].value, passAt[k])
      return own
    }),
  )
}

function controlledRows(folder: Folder, used: readonly Variant[], isRight: IsRight): ResultRow[] {
  return used.flatMap((variant) =>
    studied.flatMap((template) => {
      const evaluation = folder(`controls/${variant}/${template.name}`)
      const own = controlRows(template, variant, ({mode}) => greedyPredictions(evaluation, mode), isRight)
      for (const {metric, mode} of variants[variant].controls) {
        const {value} = own.find((row) => row.metric === metric)!
        checkSame(`${evaluation}: accuracy of ${mode}`, value, overall(evaluation, mode).accuracy)
      }
      return own
    }),
  )
}

/** Whether a box is right, by Eq. 3 on the prepared documents. */
async function graderOf(data: string): Promise<IsRight> {
  const {tokenizer, documents} = await openPrepared(data)
  const {maxReferenceTokens} = loadConfig({files: [configs[1]], cwd: import.meta.dirname}).config.reward
  return ({doc_id, position}, box) => {
    const {truth, boundaries} = contextAt(documents.get(doc_id), position, 'none', tokenizer, maxReferenceTokens)
    return prefixReward(box, truth, boundaries) === 1
  }
}

/** The row of eval.arrow of a mode on all positions. */
function overall(evaluation: string, ofMode: string): EvalRow {
  const rows = readTable(join(evaluation, 'eval.arrow'), evalTable)
  const row = rows.find(({mode, split}) => mode === ofMode && split === 'all')
  if (!row) throw new Error(`${evaluation} has no row of mode ${ofMode} on all positions`)
  return row
}

/** What is computed here from the completions is what `rpt eval` computed while it drew them. */
function checkSame(what: string, ours: number, ofEval: number): void {
  if (Math.abs(ours - ofEval) > 1e-9)
    throw new Error(`${what} of the completions is ${ours}, of eval.arrow ${ofEval}; expected the same`)
}
