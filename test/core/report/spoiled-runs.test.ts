import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, relative} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {compareAll} from '../../../src/core/report/comparisons.js'
import {inspect} from '../../../src/core/report/inspect.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {collectResults} from '../../../src/core/report/results.js'
import {collectScaling} from '../../../src/core/report/scaling-figures.js'
import {DataError} from '../../../src/core/util/errors.js'
import {Spoiler} from '../../support/spoil.js'
import {type SyntheticRuns, writeSyntheticRuns} from './synthetic-runs.js'

const root = mkdtempSync(join(tmpdir(), 'rpt-spoiled-'))
let runs: SyntheticRuns
beforeAll(async () => {
  runs = await writeSyntheticRuns(root)
})
afterAll(() => rmSync(root, {recursive: true}))

/** What `rpt report` does before it draws. */
async function readReport(): Promise<void> {
  const folders = [runs.base, runs.ntp, runs.rpt].map(readRun)
  await compareAll(collectResults(folders), {bootstraps: 5})
  collectScaling(folders)
}

it('whatever bytes a file of a run has, report and inspect read it or name it', async () => {
  const files = readdirSync(root, {recursive: true, encoding: 'utf8'})
    .map((name) => join(root, name))
    .filter((file) => statSync(file).isFile())
    .sort()
  const spoiler = new Spoiler('runs')
  const counts = {read: 0, refused: 0}
  for (const file of files) {
    const sound = readFileSync(file)
    const spoiled = [
      new Uint8Array(0),
      new Uint8Array(sound.length),
      Buffer.from('[1]'),
      sound.subarray(0, sound.length / 2),
      ...Array.from({length: 3}, () => spoiler.spoil(sound, 4000)),
    ]
    for (const bytes of spoiled) {
      writeFileSync(file, bytes)
      const folder = join(root, relative(root, file).split('/')[0])
      try {
        if (folder !== runs.data) await readReport()
        await inspect(folder, {rows: 2})
        counts.read++
      } catch (error) {
        if (!(error instanceof DataError && error.message.includes(file)))
          throw new Error(`${file}, ${bytes.length} bytes: ${error}`, {cause: error})
        counts.refused++
      }
    }
    writeFileSync(file, sound)
  }
  expect(counts.read).toBeGreaterThan(10)
  expect(counts.refused).toBeGreaterThan(40)
}, 30_000)
