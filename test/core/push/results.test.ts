import {mkdtempSync, rmSync} from 'node:fs'
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

const labelsAt = async (step: number) =>
  (await resultsOf({path: runs.rpt, state: {step}} as TrainedRun, undefined))?.results.map(({label}) => label)

it('a card has the evaluations of its own checkpoint, and none of other steps of the run', async () => {
  expect(await labelsAt(20)).toEqual(['rpt, step 20, reasoning', 'rpt, step 20, forced-thought'])
  expect(await labelsAt(30)).toBeUndefined()
})
