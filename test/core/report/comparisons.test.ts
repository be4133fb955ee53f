import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {compareAll} from '../../../src/core/report/comparisons.js'
import type {Result} from '../../../src/core/report/results.js'
import {comparisonTable} from '../../../src/core/report/tables.js'
import type {Split} from '../../../src/core/statistics/split.js'
import {itemName, nullsOf, type PredictionRow, predictionsTable, writeTable} from '../../../src/core/tables/index.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const folder = mkdtempSync(join(tmpdir(), 'rpt-comparisons-'))
afterAll(() => rmSync(folder, {recursive: true}))

/** A line of a report with predictions of 20 hard positions in each of some documents. */
async function lineOf(
  name: string,
  {documents = 10, seed = 0, chance = 0.5, isMedium = (_: number) => false, cells = nested(20 * documents)},
): Promise<Result> {
  const path = join(folder, name)
  mkdirSync(join(path, 'eval'), {recursive: true})
  const sampler = new Sampler(streamSeed(1, name))
  const rows = Array.from({length: 20 * documents}, (_, i): PredictionRow => {
    const [doc_id, position] = [`a:${i % documents}`, 1 + Math.floor(i / documents)]
    const item = {doc_id, position, item: itemName({source: doc_id, index: position}), cluster: doc_id}
    const split = isMedium(i) ? 'medium' : 'hard'
    const about = {mode: 'reasoning', split, sample: 0, task: 'next-token', cut_tokens: 0} as const
    const found = {prediction: null, truth: new Uint8Array(), correct: sampler.next() < chance}
    return {...nullsOf(predictionsTable), ...item, ...about, ...found}
  })
  await writeTable(join(path, 'eval', 'step-000001.arrow'), predictionsTable, rows)
  const taught = name.startsWith('rpt') ? 'thoughts' : 'nothing'
  const shown = {
    label: name,
    run: {path},
    subject: name,
    objective: name,
    mode: 'reasoning',
    settings: {},
    cutTokens: 0,
  }
  return {...shown, taught, step: 1, seed, cells} as unknown as Result
}

/** Counts of hard positions alone, where every split holds those that are harder, too. */
function nested(count: number): Partial<Record<Split, {readonly count: number}>> {
  return {all: {count}, easy: {count}, medium: {count}, hard: {count}}
}

const pairOf = ({subject, other}: {subject: Result; other: Result}) => `${subject.label} - ${other.label}`

describe('paired differences', () => {
  it('are between lines of one seed', async () => {
    const lines = [await lineOf('rpt-0', {}), await lineOf('base-0', {}), await lineOf('base-1', {seed: 1})]
    expect((await compareAll(lines)).map(pairOf)).toEqual(['rpt-0 - base-0'])
  })

  it('are none where positions differ or predictions were not kept, and the table says which', async () => {
    const [rpt, base, less] = [
      await lineOf('rpt-lack', {}),
      await lineOf('base-lack', {}),
      await lineOf('base-less', {documents: 5}),
    ]
    rmSync(join(base.run.path, 'eval'), {recursive: true})
    const comparisons = await compareAll([rpt, base, less], {bootstraps: 20})
    expect(comparisons.map(({differences, lack}) => [differences, lack])).toEqual([
      [null, 'predictions not kept'],
      [null, 'positions differ'],
    ])
    const {columns, rows} = comparisonTable(comparisons)
    expect(rows.map(([{detail}, ...cells]) => [detail, ...cells.map(({text}) => text)])).toEqual([
      ['predictions not kept', ...columns.slice(1).map(() => '-')],
      ['positions differ', ...columns.slice(1).map(() => '-')],
    ])
  })

  it('are between lines of one benchmark', async () => {
    const [rpt, base] = [await lineOf('rpt-here', {}), await lineOf('base-here', {})]
    expect((await compareAll([rpt, base, {...base, benchmark: 'another'}])).map(({other}) => other)).toEqual([base])
  })

  it('are of the positions of their split alone where splits are disjoint and there is no easy position', async () => {
    const cells = {all: {count: 200}, medium: {count: 100}, hard: {count: 100}}
    const mixed = {cells, isMedium: (i: number) => i % 2 === 0}
    const [{differences}] = await compareAll([await lineOf('rpt-mixed', mixed), await lineOf('base-mixed', mixed)])
    expect(differences).toMatchObject({all: {count: 200}, medium: {count: 100}, hard: {count: 100}})
  })

  it('are the same beside lines on other positions as alone', async () => {
    const many = [await lineOf('rpt-many', {chance: 0.7}), await lineOf('base-many', {})]
    const few = [await lineOf('rpt-few', {documents: 4, chance: 0.9}), await lineOf('base-few', {documents: 4})]
    const [manyAlone, fewAlone] = [(await compareAll(many))[0], (await compareAll(few))[0]]
    expect([manyAlone, fewAlone].map(({differences}) => differences!.hard!.count)).toEqual([200, 80])
    const together = new Map((await compareAll([...many, ...few])).map((one) => [pairOf(one), one.differences]))
    expect(together.get('rpt-many - base-many')).toEqual(manyAlone.differences)
    expect(together.get('rpt-few - base-few')).toEqual(fewAlone.differences)
    expect(together.get('rpt-few - base-many')).toBeNull()
  })
})
