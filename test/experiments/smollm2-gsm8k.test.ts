import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {controlledOf} from '../../experiments/smollm2-gsm8k/accuracies.js'
import {type Results, summaryOf, tablesOf} from '../../experiments/smollm2-gsm8k/render.js'
import {beginOf, endOf} from '../../experiments/tables.js'
import {loadConfig} from '../../src/core/config/load.js'
import {type EvalRow, evalTable, nullsOf, writeTable} from '../../src/core/tables/index.js'
import {temporaryFolder} from '../support/tiny-engine.js'

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'experiments', 'smollm2-gsm8k')
const results: Results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))

/** A file and the tables that stand in it. */
const pages: readonly [string, Readonly<Record<string, string>>][] = [
  [join(folder, 'README.md'), tablesOf(results)],
  [join(root, 'README.md'), {real: summaryOf(results)}],
]

it.each(pages)('%s shows the numbers that were measured', (file, tables) => {
  const text = readFileSync(file, 'utf8')
  for (const [name, table] of Object.entries(tables))
    expect(text).toContain(`${beginOf(name)}\n${table}\n${endOf(name)}`)
})

describe('thoughts that compute nothing', () => {
  it.each([['eval'], ['eval', 'plain']])('are forced in an evaluation of %s, and nothing is sampled', (...names) => {
    const files = [...names, 'controls'].map((name) => join(folder, `${name}.yaml`))
    const {modes, forcedThought, samples, passAtK} = loadConfig({files, cwd: folder}).config.eval
    expect({modes, samples, passAtK}).toEqual({modes: ['forced-thought', 'empty-thought'], samples: 0, passAtK: []})
    expect(forcedThought).not.toBe('')
  })

  it('have a row each, of every line that reasons', async () => {
    const evaluation = temporaryFolder()
    const rows = (['forced-thought', 'empty-thought'] as const).flatMap((mode, i) =>
      ['easy', 'medium', 'hard'].map(
        (split, j): EvalRow => ({
          ...(nullsOf(evalTable) as EvalRow),
          run: 'warm',
          objective: 'sft',
          checkpoint: 'step-000024',
          step: 24,
          mode,
          split,
          count: 40 - 10 * j,
          correct: 4 * i,
          accuracy: (4 * i) / (40 - 10 * j),
          ci_low: 0,
          ci_high: 0.5,
          seed: 0,
          cut_tokens: 0,
          prompt_settings: '{}',
        }),
      ),
    )
    await writeTable(join(evaluation, 'eval.arrow'), evalTable, rows)
    const controls = controlledOf(evaluation, 'warm start, reasoning', {run: 'warm', step: 24})
    expect(tablesOf({...results, controls}).controls).toBe(
      [
        '| accuracy, % | thought | positions | easy | medium | hard |',
        '| --- | --- | --- | --- | --- | --- |',
        '| warm start, reasoning | idle thought forced | 40 | 0.0 [0.0, 50.0] | 0.0 [0.0, 50.0] | 0.0 [0.0, 50.0] |',
        '| warm start, reasoning | empty thought forced | 40 | 10.0 [0.0, 50.0] | 13.3 [0.0, 50.0] | 20.0 [0.0, 50.0] |',
      ].join('\n'),
    )
  })

  it('are no table where they were not evaluated', () => {
    const {controls: _, ...rest} = results
    expect(tablesOf(rest).controls).toMatch(/^Not evaluated yet/)
  })

  it.runIf(results.controls)('are published of every line that reasons', () => {
    const reasoning = results.accuracies.filter(({title}) => title.endsWith(', reasoning')).map(({title}) => title)
    expect(new Set(results.controls!.map(({title}) => title))).toEqual(
      new Set(['plain model, template opened', ...reasoning]),
    )
  })
})
