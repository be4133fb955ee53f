import {join} from 'node:path'
import {writeReport} from '../../src/core/report/report.js'
import {writeChoices} from '../../test/core/report/choice-runs.js'
import {writeSyntheticRuns} from '../../test/core/report/synthetic-runs.js'

/** Those of MMLU-Pro are as many, and their names as long. */
export const categories = Object.fromEntries(
  Array.from('ABCDEFGHIJKLMN', (letter, i) => [`computer science ${letter}`, 20 + i]),
)

/** Writes the page of runs that were made up into a folder; returns its path. */
export async function makePage(folder: string): Promise<string> {
  const {base, ntp, rpt, root} = await writeSyntheticRuns(folder)
  const choices = await writeChoices(join(root, 'questions'), categories, {
    base: {standard: 0.3, reasoning: 0.2},
    rpt: {standard: 0.3, reasoning: 0.6},
  })
  return (await writeReport([base, ntp, rpt, choices], join(root, 'report.html'))).path
}
