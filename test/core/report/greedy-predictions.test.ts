import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {clusterOf} from '../../../src/core/records/cluster-of.js'
import {type Difficulty, difficulties} from '../../../src/core/records/records.js'
import {coverSamePositions, GreedyReader} from '../../../src/core/report/greedy-predictions.js'
import {pairedDifference} from '../../../src/core/statistics/interval.js'
import {isInSplit, splitsOf} from '../../../src/core/statistics/split.js'
import {ScoreReader} from '../../../src/core/sweep/read-scores.js'
import {
  itemName,
  nullsOf,
  type PredictionRow,
  predictionsTable,
  type SweepRow,
  writeTable,
} from '../../../src/core/tables/index.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const folder = mkdtempSync(join(tmpdir(), 'rpt-predictions-'))
const at = (name: string) => join(folder, name)
const levels: readonly Difficulty[] = ['easy', 'medium', 'hard']
const nothing = new Uint8Array(0)

/** 3 modes, 40 documents with windows, 25 positions, and two samples each in mode reasoning. */
function rowsOf(seed: number): PredictionRow[] {
  const sampler = new Sampler(streamSeed(seed, 'predictions'))
  const rows: PredictionRow[] = []
  for (const mode of ['standard', 'reasoning', 'empty-thought'] as const)
    for (let document = 0; document < 40; document++)
      for (let position = 1; position <= 25; position++)
        for (let sample = 0; sample < (mode === 'reasoning' ? 3 : 1); sample++) {
          const doc_id = document % 3 === 0 ? `a:${document}#${position % 2}` : `a:${document}`
          rows.push({
            ...nullsOf(predictionsTable),
            ...blanks,
            doc_id,
            position,
            item: itemName({source: doc_id, index: position}),
            cluster: clusterOf(doc_id),
            mode,
            split: levels[(document + position) % 3],
            sample,
            correct: sampler.next() < 0.3 + 0.2 * seed,
          })
        }
  return rows
}

const blanks = {prediction: null, truth: nothing, cut_tokens: 0, task: 'next-token'}
const [one, two] = [rowsOf(1), rowsOf(2)]
const greedy = (rows: readonly PredictionRow[], mode: string) =>
  rows.filter((row) => row.mode === mode && row.sample === 0)

beforeAll(async () => {
  await writeTable(at('one'), predictionsTable, one)
  await writeTable(at('two'), predictionsTable, new Sampler(streamSeed(3, 'order')).shuffle(two))
  await writeTable(at('fewer'), predictionsTable, two.slice(1))
  await writeTable(at('regraded'), predictionsTable, [{...one[0], split: levels[2]}, ...one.slice(1)])
})
afterAll(() => rmSync(folder, {recursive: true}))

describe('predictions to compare', () => {
  it('of another task all count, though a category has the name of a level', async () => {
    const rows = one
      .filter(({mode}) => mode === 'standard')
      .map((row, i) => ({...row, task: 'multiple-choice', split: ['none', 'law', 'hard'][i % 3]}))
    await writeTable(at('choices'), predictionsTable, rows)
    await writeTable(
      at('all-right'),
      predictionsTable,
      rows.map((row) => ({...row, correct: true})),
    )
    const reader = new GreedyReader()
    const [a, b] = ['choices', 'all-right'].map((name) => reader.read(at(name), 'standard')!)
    const between = reader.differences([a, b], {split: 'all', rule: 'nested'}, {bootstraps: 10, seed: 1})
    const right = rows.filter(({correct}) => correct).length
    expect(between(b, a).count).toBe(rows.length)
    expect(between(b, a).difference).toBeCloseTo(1 - right / rows.length, 9)
  })

  it.each(['all', 'easy', 'medium', 'hard'] as const)('give the paired difference on %s', (split) => {
    const reader = new GreedyReader()
    const [a, b] = [reader.read(at('one'), 'reasoning')!, reader.read(at('two'), 'standard')!]
    const third = reader.read(at('two'), 'empty-thought')!
    expect(coverSamePositions(a, b)).toBe(true)
    for (const rule of ['nested', 'disjoint'] as const) {
      const graded = (rows: readonly PredictionRow[], mode: string) =>
        greedy(rows, mode)
          .filter((row) => isInSplit(row.split, split, rule))
          .map(({doc_id, position, correct}) => ({docId: doc_id, position, correct}))
      const options = {bootstraps: 50, seed: 4}
      const between = reader.differences([third, a, b], {split, rule}, options)
      for (const [set, mode] of [
        [b, 'standard'],
        [third, 'empty-thought'],
      ] as const)
        expect(between(a, set)).toEqual(pairedDifference(graded(one, 'reasoning'), graded(two, mode), options))
    }
  })

  it('are read once, and know whether they cover the same positions', () => {
    const reader = new GreedyReader()
    expect(reader.read(at('one'), 'standard')).toBe(reader.read(at('one'), 'standard'))
    expect(reader.read(at('one'), 'forced-thought')).toBeNull()
    expect(coverSamePositions(reader.read(at('one'), 'standard')!, reader.read(at('fewer'), 'standard')!)).toBe(false)
    expect(coverSamePositions(reader.read(at('one'), 'reasoning')!, reader.read(at('fewer'), 'reasoning')!)).toBe(true)
    const regraded = reader.read(at('regraded'), 'standard')!
    expect(coverSamePositions(reader.read(at('one'), 'standard')!, regraded), 'of other difficulty').toBe(false)
  })
})

it('scores for a fit are those of the greedy predictions, document by document, windows together', () => {
  for (const rule of ['nested', 'disjoint'] as const) {
    const reader = new ScoreReader({strata: difficulties, splits: splitsOf(rule)})
    for (const mode of ['standard', 'reasoning'] as SweepRow['mode'][])
      for (const split of ['all', 'easy', 'hard'] as const) {
        const scores = reader.scoresOf(at('two'), mode, split)
        const members = greedy(two, mode).filter((row) => isInSplit(row.split, split, rule))
        expect(scores).toHaveLength(40)
        for (const {docId, count, correct} of scores) {
          const own = members.filter(({doc_id}) => doc_id === docId || doc_id.startsWith(`${docId}#`))
          expect({count, correct}).toEqual({count: own.length, correct: own.filter((row) => row.correct).length})
        }
      }
    expect(reader.scoresOf(at('two'), 'forced-thought', 'all')).toEqual([])
  }
})
