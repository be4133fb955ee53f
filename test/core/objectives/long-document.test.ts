import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import type {LanguageModelRequest} from '../../../src/core/engine/update/language-model-update.js'
import {shapeOf, type TrainingContext} from '../../../src/core/objectives/objective.js'
import {objectives} from '../../../src/core/objectives/objectives.js'
import {prepareData} from '../../../src/core/preparation/prepare-data.js'
import {openPrepared, type PreparedData} from '../../../src/core/prepared/prepared.js'
import {contextAt} from '../../../src/core/prompts/contexts.js'
import {renderPrompt} from '../../../src/core/prompts/prompts.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {tinyModel} from '../../support/tiny-model.js'
import {toyServices} from '../../support/toy-run.js'

/** Beyond the 120,000 or so values that a call takes as arguments. */
const words = 200_000

describe('a document of 200,000 tokens', () => {
  let data: PreparedData

  beforeAll(async () => {
    const folder = temporaryFolder()
    const text = Array.from({length: words}, (_, i) => 'ABC'[i % 3]).join(' ')
    writeFileSync(join(folder, 'long.jsonl'), `${JSON.stringify({text})}\n`)
    const tokenizer = fileURLToPath(new URL('../../../experiments/tiny', import.meta.url))
    const sets = [
      `data.documents=${join(folder, 'long.jsonl')}`,
      `data.tokenizer=${tokenizer}`,
      'data.documentsOnly=true',
      'data.valFraction=0',
      `out=${join(folder, 'data')}`,
    ]
    await prepareData(loadConfig({command: 'prepare-data', sets, cwd: folder}).config, toyServices())
    data = await openPrepared(join(folder, 'data'))
  })

  const only = () => data.documents.at(0)

  it('is prepared whole', () => {
    // The start token, then a token for each letter.
    expect(only().tokenIds).toHaveLength(1 + words)
  })

  it('is a row of plain training, with the end token where there is room for it', async () => {
    for (const [maxPositions, length] of [
      [1000, 1001],
      [words + 100, words + 2],
    ]) {
      const requests: LanguageModelRequest[] = []
      const engine = {
        updateLanguageModel: async (request: LanguageModelRequest) => {
          requests.push(request)
          return {loss: 1, gradNorm: 1, trainedTokens: 1}
        },
      }
      const model = tinyModel({max_position_embeddings: maxPositions, eos_token_id: 2})
      const {config} = loadConfig({sets: ['train.maxRowTokens=1000000', 'train.batchRows=1'], cwd: '/'})
      const shape = shapeOf(model, {parameterCount: 10_000})
      const training = {config, engine, model, shape, progress: silentProgress}
      const opened = await objectives.ntp.open({
        config,
        model,
        texts: data,
        data,
        isTaught: false,
        warn: silentProgress.warn,
      })
      const objective = await opened.start(training as unknown as TrainingContext)
      await objective.step(1, {visits: 0}, () => undefined)
      const [{ids, trainedFrom}] = requests[0].rows
      expect([ids.length, trainedFrom, ids.at(-1) === 2]).toEqual([length, 1, maxPositions > words])
    }
  })

  it('is a prompt, whole or cut', () => {
    const {docId, position, tokenIds} = contextAt(only(), words, 'none', data.tokenizer, 32)
    const context = {key: {source: docId, index: position}, tokenIds}
    const whole = renderPrompt(data.tokenizer, 'bare', context, 2 * words)
    expect([whole.ids.length, whole.cutTokens]).toEqual([words + 1, 0])
    const cut = renderPrompt(data.tokenizer, 'bare', context, 100)
    expect([cut.ids.length, cut.cutTokens]).toEqual([100, words + 1 - 100])
  })
})
