import {existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {type ScoreGroup, scoreDocuments} from '../../../src/core/preparation/score-documents.js'
import {readScored} from '../../../src/core/preparation/scored-documents.js'
import type {Scorer} from '../../../src/core/preparation/scorer.js'
import type {Partition} from '../../../src/core/records/records.js'
import {documentsTable, readTable, scoresTable, writeTable} from '../../../src/core/tables/index.js'
import {Interrupted, RuntimeFailure} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {makeCheckpoint} from './small-checkpoint.js'

const engine = new LocalEngine({device: 'cpu', threads: 1})
const folder = mkdtempSync(join(tmpdir(), 'rpt-score-'))
const at = (name: string) => join(folder, name)
const lengths = [7, 60, 3, 33, 17, 16, 2, 45, 90, 31, 8, 12, 64, 5]
const partitions = lengths.map((_, i): Partition => (i % 4 === 1 ? 'val' : 'train'))
const counted = (partition: Partition, unit: (length: number) => number) =>
  lengths.reduce((sum, length, i) => sum + (partitions[i] === partition ? unit(length) : 0), 0)
const countsOf = (unit: (length: number) => number) => ({train: counted('train', unit), val: counted('val', unit)})

let checkpoint: string
beforeAll(async () => {
  checkpoint = await makeCheckpoint(1)
  const sampler = new Sampler(streamSeed(0, 'documents'))
  const rows = lengths.map((length, i) => ({
    doc_id: `a:${i}`,
    partition: partitions[i],
    text: '',
    token_ids: Int32Array.from({length}, () => sampler.integer(200)),
    byte_offsets: new Int32Array(length),
    goes_on: false,
  }))
  await writeTable(at('documents.arrow'), documentsTable, rows)
})
afterAll(() => engine.close())

async function score(
  name: string,
  {scored = ['train', 'val'] as Partition[], batchTokens = 4096, signal = new AbortController().signal} = {},
  group?: ScoreGroup,
) {
  const scorer: Scorer = {role: 'proxy', place: {folder: checkpoint, base: null}, maxPositions: 256, partitions: scored}
  const files = {documents: at('documents.arrow'), scores: at(name)}
  const counts = {
    documents: countsOf(() => 1),
    targets: countsOf((length) => length - 1),
    longest: {train: 90, val: 90},
    untokenized: 0,
  }
  const services = {progress: silentProgress, signal}
  await scoreDocuments(engine, scorer, files, counts, {topK: 16, batchTokens}, services, group)
  return readTable(at(name), scoresTable)
}

describe('scores', () => {
  it('are the same to the last bit whatever shares a group or a batch', async () => {
    await score('whole.arrow')
    const whole = readFileSync(at('whole.arrow'))
    const cuts: [number, ScoreGroup][] = [
      [4096, {documents: 1, tokens: 1}],
      [4096, {documents: 3, tokens: 4096}],
      [4096, {documents: 100, tokens: 90}],
      [128, {documents: 5, tokens: 4096}],
      [1, {documents: 100, tokens: 4096}],
    ]
    for (const [batchTokens, group] of cuts) {
      await score('cut.arrow', {batchTokens}, group)
      expect(readFileSync(at('cut.arrow')).equals(whole), JSON.stringify({batchTokens, group})).toBe(true)
    }
  })

  it('are one row per document of the partitions asked for, in their order', async () => {
    const all = await score('all.arrow')
    expect(all.map(({entropy}) => entropy.length)).toEqual(lengths.map((length) => length - 1))
    const heldOut = await score('val.arrow', {scored: ['val']})
    expect(heldOut).toEqual(all.filter((_, i) => partitions[i] === 'val'))
  })

  it('stop being computed when asked to, and leave no table', async () => {
    await expect(score('stopped.arrow', {signal: AbortSignal.abort()})).rejects.toThrow(Interrupted)
    expect(() => readTable(at('stopped.arrow'), scoresTable)).toThrow(/no such file/)
  })
})

describe('scored documents', () => {
  it('have the difficulty of the model that scored held-out documents, else of the proxy', async () => {
    const all = await score('all.arrow')
    const other = all.filter((_, i) => partitions[i] === 'val').map((row) => ({...row, entropy: row.entropy.fill(7)}))
    await writeTable(at('difficulty.arrow'), scoresTable, other)
    const files = {documents: at('documents.arrow'), scores: at('all.arrow')}
    for (const [document, i] of [...readScored(files)].map((document, i) => [document, i] as const)) {
      expect(document).toMatchObject({docId: `a:${i}`, partition: partitions[i]})
      expect(document.difficultyEntropy).toEqual(partitions[i] === 'val' ? document.scores.entropy : null)
    }
    for (const {partition, difficultyEntropy} of readScored({...files, difficulty: at('difficulty.arrow')}))
      expect(difficultyEntropy?.every((entropy) => entropy === 7) ?? null).toBe(partition === 'val' ? true : null)
  })

  it('are refused when a table lacks a row or has one of another length', async () => {
    const all = await score('all.arrow')
    const read = () => [...readScored({documents: at('documents.arrow'), scores: at('short.arrow')})]
    await writeTable(at('short.arrow'), scoresTable, all.slice(0, -1))
    expect(read).toThrow(RuntimeFailure)
    expect(read).toThrow('a:13 has no scores; expected 4')
    await writeTable(at('short.arrow'), scoresTable, all.toReversed())
    expect(read).toThrow('a:0 has 4 scores; expected 6')
  })
})

describe.skipIf(process.platform !== 'linux')('tables of scores', () => {
  const names = ['documents.arrow', 'opened.arrow', 'opened-val.arrow']
  const opened = () => {
    const files = readdirSync('/proc/self/fd').flatMap((fd) => {
      const link = `/proc/self/fd/${fd}`
      return existsSync(link) ? [readlinkSync(link)] : []
    })
    return files.filter((file) => names.some((name) => file === at(name)))
  }

  beforeAll(async () => {
    await score('opened.arrow')
    await score('opened-val.arrow', {scored: ['val']})
  })

  const read = () =>
    readScored({documents: at('documents.arrow'), scores: at('opened.arrow'), difficulty: at('opened-val.arrow')})

  it('are closed when all documents are read', () => {
    expect([...read()]).toHaveLength(lengths.length)
    expect(opened()).toEqual([])
  })

  it('are closed when nobody reads on', () => {
    for (const {partition} of read()) {
      if (partition === 'train') continue
      expect(opened()).toHaveLength(3)
      break
    }
    expect(opened()).toEqual([])
  })
})
