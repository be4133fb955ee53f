import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {AccuracyTally} from '../../../src/core/statistics/accuracy.js'
import {type EvalRow, evalTable, nullsOf, writeTable} from '../../../src/core/tables/index.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

/** Chance of a right answer by mode. */
type Chances = Readonly<Partial<Record<EvalRow['mode'], number>>>

/**
 * An evaluation folder of questions with options, as `rpt eval` writes it without its predictions: one row for all of them and one
 * for each category, where there are several.
 *
 * @param sizes questions by category
 */
export async function writeChoices(
  path: string,
  sizes: Readonly<Record<string, number>>,
  models: Readonly<Record<string, Chances>>,
): Promise<string> {
  mkdirSync(path, {recursive: true})
  const strata = Object.keys(sizes)
  const categories = strata.length > 1 ? strata.map((name) => ({name, strata: [name]})) : []
  const rows: EvalRow[] = []
  for (const [objective, chances] of Object.entries(models))
    for (const [mode, chance] of Object.entries(chances)) {
      const sampler = new Sampler(streamSeed(3, objective, mode))
      const tally = new AccuracyTally({strata, splits: [{name: 'all', strata}, ...categories], bootstraps: 200})
      for (const stratum of strata)
        for (let i = 0; i < sizes[stratum]; i++)
          tally.add({cluster: `${stratum}:${i}`, stratum, correct: sampler.next() < chance})
      for (const {split, count, correct, accuracy, ciLow: ci_low, ciHigh: ci_high} of tally.bySplit())
        rows.push({
          ...nullsOf(evalTable),
          ...{run: objective, objective, checkpoint: 'last', step: objective === 'base' ? 0 : 200, seed: 0},
          ...{mode: mode as EvalRow['mode'], split, count, correct, accuracy, ci_low, ci_high},
          ...{
            pass_at_k: null,
            pass_at: null,
            pass_at_low: null,
            pass_at_high: null,
            inexpressible: 0,
            accuracy_if_wrong: null,
            cut_tokens: 0,
          },
          ...{prompt_settings: '{}', prompt_tokens: 200, written_tokens: 10, answer_tokens: 1, flops: 3e7},
        })
    }
  await writeTable(join(path, 'eval.arrow'), evalTable, rows)
  writeFileSync(
    join(path, 'config.resolved.yaml'),
    `eval:\n  task: multiple-choice\ndata:\n  questions: ${JSON.stringify(`${path}.jsonl`)}\n`,
  )
  return path
}
