import {join} from 'node:path'
import {loadConfig} from '../src/core/config/load.js'
import type {Engine} from '../src/core/engine/engine.js'
import {evaluateModel} from '../src/core/evaluation/evaluation-log.js'
import {writeFolder} from '../src/core/files/folder.js'
import {readModelConfig} from '../src/core/models/model-config.js'
import {VisitOrder} from '../src/core/objectives/order.js'
import {copyTokenizer} from '../src/core/preparation/copy-tokenizer.js'
import {openPrepared} from '../src/core/prepared/prepared.js'
import {contextAt} from '../src/core/prompts/contexts.js'
import {type Difficulty, difficulties} from '../src/core/records/records.js'
import {GreedyReader} from '../src/core/report/greedy-predictions.js'
import {localSampler} from '../src/core/samplers/local.js'
import {splitsOf} from '../src/core/statistics/split.js'
import {ScoreReader} from '../src/core/sweep/read-scores.js'
import {
  type DocumentRow,
  documentsTable,
  type PositionRow,
  positionsTable,
  writeTable,
} from '../src/core/tables/index.js'
import {loadTokenizer} from '../src/core/tokenizer/tokenizer.js'
import {openEvaluator} from '../src/core/training/evaluator.js'
import {silentProgress} from '../src/core/util/progress.js'
import {Sampler, streamSeed} from '../src/core/util/rng.js'
import type {CorpusRequest, CorpusStage} from './corpus.js'
import {root} from './paths.js'
import {peakMemory} from './peak-memory.js'
import {simulatedEngine} from './simulated-engine.js'

/** One half of the benchmark of one size, in a process of its own: `tsx bench/corpus-work.ts '{"task": ...}'`. */

const tokensPerDocument = 500
/** One token in so many is a position to predict; the others stand in the table too, as those below the threshold do. */
const tokensPerPosition = 5
const tiny = join(root, 'experiments', 'tiny')
const levels: readonly Difficulty[] = ['easy', 'medium', 'hard']

const request = JSON.parse(process.argv[2]) as CorpusRequest
const data = join(request.folder, 'data')
const found = request.task === 'write' ? await writeData(request) : await useData(request)
process.stdout.write(`${JSON.stringify(found)}\n`)

/** Prepared data with so many held-out positions, in the tables and the folder that prepare-data writes. */
async function writeData({positions}: CorpusRequest): Promise<{documents: number}> {
  const {tokenizer, words} = await vocabulary()
  const documents = Math.ceil((positions * tokensPerPosition) / tokensPerDocument)
  const tokensOf = (document: number) => {
    const sampler = new Sampler(streamSeed(0, 'document', document))
    return Int32Array.from({length: tokensPerDocument}, () => words[sampler.integer(words.length)])
  }
  function* documentRows(): Generator<DocumentRow> {
    for (let document = 0; document < documents; document++) {
      const token_ids = tokensOf(document)
      let length = 0
      const byte_offsets = token_ids.map((id) => {
        length += tokenizer.bytesOf(id).length
        return length - tokenizer.bytesOf(id).length
      })
      const text = Buffer.from(tokenizer.concatBytes(token_ids)).toString()
      yield {doc_id: nameOf(document), partition: 'val', text, token_ids, byte_offsets, goes_on: false}
    }
  }
  function* positionRows(): Generator<PositionRow> {
    for (let document = 0; document < documents; document++) {
      const token_ids = tokensOf(document)
      for (let position = 1; position < tokensPerDocument; position++) {
        const kept = position % tokensPerPosition === 4
        yield {
          doc_id: nameOf(document),
          position,
          partition: 'val',
          target_id: token_ids[position],
          target_bytes: tokenizer.bytesOf(token_ids[position]),
          entropy: kept ? 1 : 0,
          difficulty_entropy: kept ? 1 : 0,
          target_logprob: -1,
          top1_id: token_ids[position],
          difficulty: kept ? levels[position % 3] : 'none',
          kept,
          reason: kept ? 'kept' : 'below-threshold',
        }
      }
    }
  }
  await writeFolder(data, async (folder) => {
    await copyTokenizer(tiny, folder)
    await writeTable(join(folder, 'documents.arrow'), documentsTable, documentRows())
    await writeTable(join(folder, 'positions.arrow'), positionsTable, positionRows())
  })
  return {documents}
}

/** What training, evaluation, a fit and a comparison do with the data, a model's own work aside. */
async function useData({positions, folder}: CorpusRequest): Promise<CorpusStage[]> {
  const stages: CorpusStage[] = []
  async function measured<T>(name: string, body: () => T | Promise<T>): Promise<T> {
    const before = performance.now()
    const result = await body()
    stages.push({name, seconds: (performance.now() - before) / 1000, peakRss: peakMemory()})
    return result
  }
  const sets = [`data.dir=${data}`, 'prompt.template=bare', 'eval.modes=[standard,reasoning]', 'eval.bootstraps=200']
  const {config} = loadConfig({sets, cwd: folder})
  const prepared = await measured('open', () => openPrepared(data))
  const {heldOutPositions, documents, tokenizer} = prepared
  if (heldOutPositions.length !== positions) throw new Error(`${heldOutPositions.length} positions, not ${positions}`)
  await measured('visit in shuffled order', () => {
    const order = new VisitOrder(positions, 0, 'visits')
    for (let visit = 0; visit < positions; visit++) {
      const {docId, position, difficulty} = heldOutPositions.at(order.at(visit))
      contextAt(documents.get(docId), position, difficulty, tokenizer, config.reward.maxReferenceTokens)
    }
  })
  const file = join(folder, 'predictions.arrow')
  await measured('predict, count and write', async () => {
    const {words} = await vocabulary()
    const thought = ' so the next word must be one of those that we have seen before in this place'
    const answers = Array.from(words.slice(0, 64), (id) =>
      tokenizer.encodeMarkup(`${thought}</think>\\boxed{${tokenizer.decode(Int32Array.of(id))}}`),
    )
    // Only these two are called.
    const engine = simulatedEngine(answers) as Engine
    const model = await readModelConfig(join(tiny, 'base'))
    const opening = {config, data: prepared, engine, model: {...model, maxPositions: 2 ** 14}}
    const sampler = localSampler(engine, model, tokenizer)
    const predictor = {...(await openEvaluator(opening)), sampler, progress: silentProgress}
    await evaluateModel(predictor, {run: 'simulated', objective: 'rpt', checkpoint: 'step-000000', step: 0}, file)
  })
  await measured('read for a fit', () => {
    const scores = new ScoreReader({strata: difficulties, splits: splitsOf('nested')})
    for (const mode of ['standard', 'reasoning'] as const)
      for (const split of levels) scores.scoresOf(file, mode, split)
  })
  await measured('read for a comparison', () => {
    const reader = new GreedyReader()
    const [a, b] = ['standard', 'reasoning'].map((mode) => reader.read(file, mode)!)
    reader.differences([a, b], {split: 'all', rule: 'nested'}, {bootstraps: 200, seed: 0})(a, b)
  })
  return stages
}

/** Tokens that are words of letters. */
async function vocabulary() {
  const tokenizer = await loadTokenizer(tiny)
  const words: number[] = []
  for (let id = 0; id < tokenizer.vocabSize; id++)
    if (/^ ?[a-z]+$/i.test(Buffer.from(tokenizer.bytesOf(id)).toString())) words.push(id)
  return {tokenizer, words}
}

function nameOf(document: number): string {
  return `corpus.jsonl:${document}`
}
