import {cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {inspect} from '../../../src/core/report/inspect.js'
import type {DataInspection, LedgerInspection, RunInspection} from '../../../src/core/report/inspection.js'
import {renderInspect} from '../../../src/core/report/render-inspect.js'
import {predictionsName} from '../../../src/core/runs/predictions-name.js'
import {documentsTable, evalTable, predictionsTable, readTable, writeTable} from '../../../src/core/tables/index.js'
import {DataError, UsageError} from '../../../src/core/util/errors.js'
import {type SyntheticRuns, writeSyntheticRuns} from './synthetic-runs.js'

let runs: SyntheticRuns

beforeAll(async () => {
  runs = await writeSyntheticRuns(mkdtempSync(join(tmpdir(), 'rpt-inspect-')))
})

afterAll(() => rmSync(runs.root, {recursive: true, force: true}))

describe('inspect', () => {
  it('shows positions with what came before them, their entropy, and why they were kept', async () => {
    const found = (await inspect(runs.data, {rows: 4})) as DataInspection
    expect(found).toMatchObject({kind: 'data', positions: 1160, kept: 800, matching: 1160})
    expect(found.by_reason).toEqual({'below-threshold': 360, kept: 800})
    expect(found.rows).toHaveLength(4)
    const one = (await inspect(runs.data, {doc: 'corpus.jsonl:0', position: 2})) as DataInspection
    expect(one.rows).toEqual([
      {
        doc_id: 'corpus.jsonl:0',
        position: 2,
        partition: 'val',
        context: ' has 17',
        byte: 7,
        target: '" After"',
        entropy: expect.closeTo(0.7, 6),
        difficulty_entropy: expect.closeTo(0.7, 6),
        target_logprob: expect.closeTo(-0.7, 6),
        difficulty: 'easy',
        kept: true,
        reason: 'kept',
      },
    ])
  })

  it('filters by difficulty and by outcome', async () => {
    const hard = (await inspect(runs.data, {difficulty: 'hard', rows: 500})) as DataInspection
    expect(hard.matching).toBe(hard.by_difficulty.hard)
    expect(hard.rows.every(({difficulty}) => difficulty === 'hard')).toBe(true)
    const lost = (await inspect(runs.rpt, {step: 1, outcome: 'unfinished-thinking'})) as RunInspection
    expect(lost.rows).toHaveLength(1)
    expect(lost.rows[0]).toMatchObject({prediction: null, reward: 0, sample: 3})
  })

  it('filters rollouts by the difficulty of their positions, by result and by text', async () => {
    const of = async (options: object) => (await inspect(runs.rpt, {step: 1, rows: 500, ...options})) as RunInspection
    const byLevel = await Promise.all(['none', 'easy', 'medium', 'hard'].map((difficulty) => of({difficulty})))
    expect(byLevel.reduce((sum, {matching}) => sum + matching, 0)).toBe(256)
    expect(byLevel.filter(({matching}) => matching > 0).length).toBeGreaterThan(2)
    const [, , , hard] = byLevel
    const {rows} = (await inspect(runs.data, {difficulty: 'hard', rows: 1160})) as DataInspection
    const places = new Set(rows.map(({doc_id, position}) => `${doc_id} ${position}`))
    expect(hard.rows.every(({doc_id, position}) => places.has(`${doc_id} ${position}`))).toBe(true)
    const [right, wrong] = [await of({result: 'right'}), await of({result: 'wrong'})]
    expect(right.matching + wrong.matching).toBe(256)
    expect(right.rows.every(({reward}) => reward === 1)).toBe(true)
    expect((await of({text: '<SCRIPT>'})).rows.map(({sample}) => sample)).toEqual([3])
    expect((await of({text: 'is not a prefix', result: 'right'})).matching).toBe(0)
    const thoughts = (await inspect(runs.base, {text: 'a adds'})) as RunInspection
    expect(thoughts.matching).toBe(900)
  })

  it('lists the training items of a run that went as asked, with their places', async () => {
    const of = async (options: object) => (await inspect(runs.rpt, options)) as LedgerInspection
    const drawn = await of({ledger: 'drawn', rows: 100})
    expect(drawn).toMatchObject({kind: 'ledger', matching: 32, ledger: {items: 580, drawn: 32}})
    expect(drawn.rows).toHaveLength(32)
    const [first] = drawn.rows
    const places = readTable(join(runs.data, 'documents.arrow'), documentsTable)
    expect(first.byte).toBe(places.find(({doc_id}) => doc_id === first.doc_id)!.byte_offsets[first.position])
    const some = await of({ledger: 'sometimes-right', rows: 100, difficulty: 'hard'})
    expect(some.rows).toEqual(
      drawn.rows.filter((row) => row.difficulty === 'hard' && row.correct > 0 && row.correct < row.completions),
    )
    expect(some.matching).toBeGreaterThan(0)
    expect((await of({ledger: 'always-right'})).matching).toBe(0)
    const one = await of({ledger: 'drawn', doc: first.doc_id, position: first.position})
    expect(renderInspect(one).slice(-3)).toEqual([
      `${first.doc_id} position ${first.position}, ${first.difficulty}`,
      `  context  ${JSON.stringify(first.context)} from byte ${first.byte}`,
      `  drawn 2 times, last in step 200; ${first.correct} of 16 completions right; rewards differed in ${first.with_signal} ${first.with_signal === 1 ? 'group' : 'groups'}`,
    ])
    await expect(inspect(runs.data, {ledger: 'drawn'})).rejects.toThrow(/--ledger lists the training items of a run/)
    await expect(inspect(runs.base, {ledger: 'drawn'})).rejects.toThrow(/--ledger lists the training items of a run/)
    await expect(inspect(runs.rpt, {ledger: 'drawn', step: 1})).rejects.toThrow(/--step selects completions; --ledger/)
  })

  it('shows where the tokens of the truth end', async () => {
    const found = (await inspect(runs.rpt, {rows: 1})) as RunInspection
    expect(found.rows[0].truth_tokens).toEqual(['" 17"', '" pens"', '"."'])
    expect(renderInspect(found).join('\n')).toMatch(/ {2}truth {5}" 17" " pens" "\."\n/)
  })

  it('refuses what it cannot tell', async () => {
    await expect(inspect(runs.data, {result: 'right'})).rejects.toThrow(/--result selects completions/)
    const lost = join(runs.root, 'lost')
    cpSync(runs.rpt, lost, {recursive: true})
    writeFileSync(join(lost, 'config.resolved.yaml'), 'data:\n  dir: /nowhere\n')
    await expect(inspect(lost, {difficulty: 'hard'})).rejects.toThrow(
      /--difficulty hard needs the prepared data of .*\/nowhere/,
    )
    expect(((await inspect(lost, {rows: 1})) as RunInspection).rows[0].difficulty).toBeNull()
    writeFileSync(join(lost, 'config.resolved.yaml'), 'train:\n  objective: rlvr\n')
    await expect(inspect(lost, {difficulty: 'hard'})).rejects.toMatchObject({
      message: `inspect: --difficulty selects positions of prepared data; the settings of ${lost} name none (data.dir)`,
      suggestions: ['leave --difficulty out: questions have none'],
    })
    rmSync(lost, {recursive: true})
  })

  it('diagnoses a step in plain language', async () => {
    const first = (await inspect(runs.rpt, {step: 1})) as RunInspection
    expect(first.statistics!.groups_all_wrong).toBeGreaterThan(0.5)
    expect(first.diagnosis.join('\n')).toMatch(/5\d\.\d% of groups all-wrong: nothing is learned from them/)
    expect(first.diagnosis.join('\n')).toMatch(/4\d\.\d% would have won with a leading space in the box/)
    const last = (await inspect(runs.rpt)) as RunInspection
    expect(last.step).toBe(200)
    expect(last.diagnosis.join('\n')).not.toMatch(/all-wrong/)
  })

  it('shows the predictions of an evaluation', async () => {
    const found = (await inspect(runs.base, {rows: 2})) as RunInspection
    expect(found).toMatchObject({kind: 'predictions', step: 0, matching: 2000})
    expect(found.diagnosis[1]).toMatch(/^standard: 3\d\.\d% of 1000 predictions right\.$/)
  })

  describe('of an evaluation of several runs', () => {
    let several: string

    beforeAll(async () => {
      several = join(runs.root, 'several')
      cpSync(runs.base, several, {recursive: true})
      const rows = readTable(join(runs.base, 'eval.arrow'), evalTable)
      const predictions = readTable(join(runs.base, 'eval', 'step-000000.arrow'), predictionsTable)
      rmSync(join(several, 'eval', 'step-000000.arrow'))
      const checkpoints = [
        {run: 'ntp', step: 160, count: 10},
        {run: 'ntp', step: 570, count: 20},
        {run: 'rpt', step: 160, count: 30},
      ]
      await writeTable(
        join(several, 'eval.arrow'),
        evalTable,
        checkpoints.flatMap(({run, step}) => rows.map((row) => ({...row, run, step}))),
      )
      for (const {run, step, count} of checkpoints)
        await writeTable(
          join(several, 'eval', predictionsName(run, step)),
          predictionsTable,
          predictions.slice(0, count),
        )
    })
    afterAll(() => rmSync(several, {recursive: true}))

    const of = async (options: object) => (await inspect(several, options)) as RunInspection

    it('shows the predictions of the run that was named, and says whose they are', async () => {
      expect(await of({run: 'rpt'})).toMatchObject({run: 'rpt', step: 160, steps: [160], matching: 30})
      expect(await of({run: 'ntp'})).toMatchObject({run: 'ntp', step: 570, steps: [160, 570], matching: 20})
      expect(await of({run: 'ntp', step: 160})).toMatchObject({run: 'ntp', step: 160, matching: 10})
      const last = await of({})
      expect(last).toMatchObject({run: 'ntp', step: 570, checkpoints: [{run: 'ntp', step: 160}, {run: 'rpt'}, {}]})
      expect(renderInspect(last).slice(0, 2)).toEqual([
        `${several}: predictions of ntp, step 570 (of 2 kept, 160 to 570)`,
        '  also evaluated: rpt step 160; choose with --run NAME --step N',
      ])
    })

    it('refuses a step of several runs, and a run that is not there', async () => {
      await expect(of({step: 160})).rejects.toMatchObject({
        message: `inspect: ${several} has predictions of step 160 of several runs: ntp, rpt`,
        suggestions: ['give --run ntp --step 160', 'give --run rpt --step 160'],
      })
      await expect(of({run: 'base'})).rejects.toThrow(/no predictions of run base; it has those of ntp, rpt/)
      await expect(of({run: 'rpt', step: 570})).rejects.toThrow(/run rpt in .* has nothing for step 570/)
      await expect(inspect(runs.rpt, {run: 'rpt'})).rejects.toThrow(/--run chooses a model of an evaluation/)
      await expect(inspect(runs.data, {run: 'rpt'})).rejects.toThrow(/--run selects completions/)
    })
  })

  it('says what the thoughts of predictions and of rollouts look like', async () => {
    const {thoughts} = (await inspect(runs.base)) as RunInspection
    expect(thoughts).toMatchObject({
      responses: 1000,
      words: 3.8,
      empty: 0,
      commonest: {text: '13 A adds 4', share: 0.9},
      opening: {text: '13 A adds 4', share: 0.9},
      patterns: {hypothesis: 0.1, deduction: 0},
    })
    const lines = renderInspect(await inspect(runs.base))
    expect(lines).toContain(
      '  thoughts: 3.8 words on average, 0.0% empty; 90.0% are the same, 90.0% begin with "13 A adds 4"',
    )
    expect(lines.join('\n')).toMatch(/ {2}patterns: transition 0\.0%, .*hypothesis 10\.0%/)
    expect(((await inspect(runs.rpt)) as RunInspection).thoughts).toMatchObject({responses: 256})
    expect(((await inspect(runs.ntp)) as RunInspection).thoughts).toBeNull()
  })

  it('shows the mean of each term of the reward', async () => {
    const found = (await inspect(runs.rpt, {step: 1})) as RunInspection
    const {mean_reward, mean_reward_parts: parts} = found.statistics!
    expect(parts).toEqual({
      'missing-answer': expect.closeTo(-1 / 256, 6),
      'prefix-match': expect.closeTo(mean_reward, 6),
    })
    expect(renderInspect(found)).toContainEqual(
      expect.stringMatching(
        /^ {2}mean of each term, before its weight: missing-answer -0\.0039\d*, prefix-match 0\.\d+$/,
      ),
    )
  })

  it('shows a failed step where it is asked for, or there is no other', async () => {
    const failing = join(runs.root, 'failing')
    cpSync(runs.rpt, failing, {recursive: true})
    renameSync(join(failing, 'rollouts'), join(failing, 'failed'))
    rmSync(join(failing, 'ledger.arrow'), {force: true})
    const found = (await inspect(failing, {rows: 1})) as RunInspection
    expect(found).toMatchObject({kind: 'rollouts', step: 200, failed: true, steps: [1, 200], ledger: null})
    expect(found.statistics!.groups).toBe(32)
    expect(renderInspect(found)[0]).toContain('rollouts of failed step 200 (of 2 kept')
    mkdirSync(join(failing, 'rollouts'))
    renameSync(join(failing, 'failed', 'step-000001.arrow'), join(failing, 'rollouts', 'step-000001.arrow'))
    expect(await inspect(failing, {rows: 1})).toMatchObject({step: 1, failed: false})
    expect(await inspect(failing, {rows: 1, step: 200})).toMatchObject({step: 200, failed: true})
    const file = join(failing, 'failed', 'step-000200.arrow')
    await expect(inspect(file)).rejects.toMatchObject({
      message: `inspect: ${file} is a file; expected the folder of prepared data or of a run`,
      suggestions: [`rpt inspect ${failing} --step 200`],
    })
    rmSync(failing, {recursive: true})
  })

  it('names rpt report where there is nothing to inspect', async () => {
    await expect(inspect(runs.root)).rejects.toMatchObject({
      suggestions: [`for metrics, sweeps and results: rpt report ${runs.root}`, expect.stringContaining('to inspect')],
    })
  })

  it('renders every kind as lines that say why', async () => {
    const lines = async (path: string, options = {}) => renderInspect(await inspect(path, options)).join('\n')
    expect(await lines(runs.data, {rows: 1})).toMatch(/1 of 1160 positions:[\s\S]*dropped: below-threshold/)
    expect(await lines(runs.rpt, {rows: 1})).toMatch(/because {3}"17" is not a prefix of " 17 pens\."/)
    expect(await lines(runs.base, {doc: 'nowhere'})).toMatch(/no predictions match/)
  })

  it('refuses a step that is not there, and a folder of another kind', async () => {
    await expect(inspect(runs.rpt, {step: 7})).rejects.toThrow(UsageError)
    await expect(inspect(runs.rpt, {step: 7})).rejects.toThrow(/2 steps, 1 to 200/)
    await expect(inspect(runs.root)).rejects.toThrow(DataError)
  })
})
