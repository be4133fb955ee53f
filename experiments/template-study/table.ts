import {join} from 'node:path'
import {loadConfig} from '../../src/core/config/load.js'
import {openPrepared} from '../../src/core/prepared/prepared.js'
import {contextAt} from '../../src/core/prompts/contexts.js'
import {prefixReward} from '../../src/core/rewards/prefix-match.js'
import {evalTable, type PredictionRow, readTable} from '../../src/core/tables/index.js'
import {publish} from '../publish.js'
import {sampledPredictions} from '../real-model.js'
import type {ResultRow} from '../result-table.js'
import {configsOf} from '../stages.js'
import {argMaxRow, resultRows} from './measure.js'
import {tablesOf} from './render.js'
import {studied, type Variant, variants} from './study.js'

const [, prepareConfig] = configsOf('template-study', 'prepare')
const [, evalConfig] = configsOf('template-study', 'eval')

/** Reads the finished evaluations, and publishes what they found. */
export async function publishTemplates(folder: (name: string) => string, used: readonly Variant[]): Promise<void> {
  const {tokenizer, documents} = await openPrepared(folder('data'))
  const {maxReferenceTokens} = loadConfig({files: [evalConfig], cwd: import.meta.dirname}).config.reward
  const isRight = ({doc_id, position}: Pick<PredictionRow, 'doc_id' | 'position'>, box: Uint8Array) => {
    const {truth, boundaries} = contextAt(documents.get(doc_id), position, 'none', tokenizer, maxReferenceTokens)
    return prefixReward(box, truth, boundaries) === 1
  }
  const plain = readTable(join(folder('standard'), 'eval.arrow'), evalTable).find(({split}) => split === 'all')!
  const samples = used.flatMap((variant) =>
    studied.flatMap((template) => {
      const evaluation = folder(`${variant}/${template.name}`)
      const own = resultRows(template, variant, sampledPredictions(evaluation), isRight)
      if (variants[variant].isPaperGraded) checkAgainst(evaluation, own)
      return own
    }),
  )
  const rows = [argMaxRow(plain), ...samples]
  publish('template-study', {rows, configs: [prepareConfig, evalConfig], tables: tablesOf(rows)})
}

/** What is computed here from the samples is what `rpt eval` computed while it drew them. */
function checkAgainst(evaluation: string, rows: readonly ResultRow[]): void {
  const passAt = readTable(join(evaluation, 'eval.arrow'), evalTable).find(({split}) => split === 'all')!.pass_at!
  for (const [i, k] of [1, 8].entries())
    if (Math.abs(rows[i].value - passAt[k]) > 1e-9)
      throw new Error(`${evaluation}: pass@${k} of the samples is ${rows[i].value}, of eval.arrow ${passAt[k]}`)
}
