import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {ScoreReader} from '../../../src/core/sweep/read-scores.js'
import {nullsOf, predictionsTable, type Row, writeTable} from '../../../src/core/tables/index.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

type Prediction = Row<typeof predictionsTable>

const task = {
  strata: ['easy', 'hard'],
  splits: [
    {name: 'all', strata: ['easy', 'hard']},
    {name: 'hard', strata: ['hard']},
  ],
}

const prediction = (
  cluster: string,
  split: string,
  correct: boolean,
  changes: Partial<Prediction> = {},
): Prediction => ({
  ...nullsOf(predictionsTable),
  doc_id: cluster,
  position: 0,
  mode: 'reasoning',
  split,
  sample: 0,
  truth: new Uint8Array(),
  correct,
  cut_tokens: 0,
  task: 'next-token',
  item: '',
  cluster,
  ...changes,
})

it('scores are those of the greedy predictions of a mode in the strata of a split, and a file is read once', async () => {
  const file = join(temporaryFolder(), 'step-000001.arrow')
  await writeTable(file, predictionsTable, [
    prediction('a', 'easy', true),
    prediction('a', 'hard', false),
    prediction('a', 'hard', true, {sample: 1}),
    prediction('b', 'hard', true),
    prediction('b', 'hard', false, {mode: 'standard'}),
  ])
  const reader = new ScoreReader(task)
  const hard = [
    {docId: 'a', count: 1, correct: 0},
    {docId: 'b', count: 1, correct: 1},
  ]
  expect(reader.scoresOf(file, 'reasoning', 'hard')).toEqual(hard)
  expect(reader.scoresOf(file, 'reasoning', 'all')).toEqual([{docId: 'a', count: 2, correct: 1}, hard[1]])
  rmSync(file)
  expect(reader.scoresOf(file, 'standard', 'hard')).toEqual([{docId: 'b', count: 1, correct: 0}])
  expect(reader.scoresOf(file, 'empty-thought', 'hard')).toEqual([])
})
