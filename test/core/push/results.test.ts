import {cpSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {resultsOf} from '../../../src/core/push/card/results.js'
import type {TrainedRun} from '../../../src/core/push/trained-run.js'
import {type SyntheticRuns, writeSyntheticRuns} from '../report/synthetic-runs.js'

let runs: SyntheticRuns
beforeAll(async () => {
  runs = await writeSyntheticRuns(mkdtempSync(join(tmpdir(), 'rpt-card-results-')))
})
afterAll(() => rmSync(runs.root, {recursive: true, force: true}))

const labelsAt = async (step: number, path = runs.rpt) =>
  (await resultsOf({path, state: {step}} as TrainedRun, undefined))?.results.map(({label}) => label)

it('a card has the evaluations of its own checkpoint, and none of other steps of the run', async () => {
  expect(await labelsAt(20)).toEqual(['rpt, step 20, reasoning', 'rpt, step 20, forced-thought'])
  expect(await labelsAt(30)).toBeUndefined()
})

it('they are found where the folder of the run has another name than when it was trained', async () => {
  const renamed = join(runs.root, 'final')
  cpSync(runs.rpt, renamed, {recursive: true})
  const [before, after] = await Promise.all(
    [runs.rpt, renamed].map((path) => resultsOf({path, state: {step: 20}} as TrainedRun, undefined)),
  )
  expect(after!.results.map(({cells}) => cells)).toEqual(before!.results.map(({cells}) => cells))
  expect(after!.results.every(after!.isOwn)).toBe(true)
  expect(after!.comparisons.map(({differences}) => differences)).toEqual(
    before!.comparisons.map(({differences}) => differences),
  )
})
