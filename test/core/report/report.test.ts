import {createHash} from 'node:crypto'
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Script} from 'node:vm'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Comparison, compareAll} from '../../../src/core/report/comparisons.js'
import {contentOf} from '../../../src/core/report/content.js'
import {headlineOf} from '../../../src/core/report/headline.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {renderResults} from '../../../src/core/report/render-results.js'
import {writeReport} from '../../../src/core/report/report.js'
import {collectResults} from '../../../src/core/report/results.js'
import {resultSection} from '../../../src/core/report/sections.js'
import {trendOf} from '../../../src/core/report/smooth.js'
import {comparisonTable, renderTable, resultTable} from '../../../src/core/report/tables.js'
import {terminalPlot} from '../../../src/core/report/terminal-plot.js'
import {curvesOf} from '../../../src/core/report/training-curves.js'
import {DataError, UsageError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {visibleLine} from '../../../src/core/util/visible.js'
import {hostileText, type SyntheticRuns, writeSyntheticRuns} from './synthetic-runs.js'

let runs: SyntheticRuns
let page: string

beforeAll(async () => {
  runs = await writeSyntheticRuns(mkdtempSync(join(tmpdir(), 'rpt-report-')))
  const {path} = await writeReport([runs.base, runs.ntp, runs.rpt], join(runs.root, 'report.html'))
  page = readFileSync(path, 'utf8')
})

afterAll(() => rmSync(runs.root, {recursive: true, force: true}))

function withoutScript(text: string): string {
  return text.replace(/<script>[\s\S]*?<\/script>/, '')
}

describe('writeReport', () => {
  it('writes one page with the table, the curves, the rollouts and the settings', () => {
    const table = page.slice(page.indexOf('Held-out accuracy, %'), page.indexOf('Paired differences'))
    expect(table).toMatch(/base, standard<\/th><td class="plain" data-column="easy">\d+\.\d<small>\[/)
    expect(table).toContain('rpt, step 200, reasoning')
    for (const heading of ['Accuracy against compute', 'Training', 'Rollouts', 'Settings', 'How to read this page']) {
      expect(page).toContain(`<h2>${heading}</h2>`)
    }
    const charts = [...page.matchAll(/<figure class="chart"[^>]*aria-label="([^"]+) by step: ([^.]+)\./g)]
    expect(charts.map(([, title, names]) => `${title}: ${names}`)).toEqual([
      'mean reward: rpt',
      'loss (cross-entropy, nats): ntp',
      'loss (policy, grpo): rpt',
      'share of groups with equal rewards: rpt',
      'share of completions parsed: rpt',
      'completion length, tokens: rpt',
      'entropy of the policy, nats: rpt',
      'gradient norm (cross-entropy, nats): ntp',
      'gradient norm (policy, grpo): rpt',
    ])
    expect(withoutScript(page).match(/<svg /g)).toHaveLength(3 + charts.length)
    expect(page).toMatch(
      /<p class="headline">rpt, step 200, reasoning is above all 4 lines that it is compared with \(\+\d+\.\d to \+\d+\.\d points on hard\) on every split\.</,
    )
    expect(page).toContain('train:\n  objective: rpt')
  })

  it('escapes whatever a model or a file wrote', () => {
    expect(hostileText).toContain('<script>')
    const inert = page.match(/<script type="application\/json">/g) ?? []
    expect(page.match(/<script/g)).toHaveLength(inert.length + 1)
    expect(page).toContain(JSON.stringify(hostileText).replaceAll('<', '\\u003c'))
    expect(page).toContain('# &lt;flag&gt;')
  })

  it('runs one script, which it names by its hash', () => {
    const [script] = page.match(/(?<=<script>)[\s\S]*?(?=<\/script>)/)!
    expect(() => new Script(script)).not.toThrow()
    expect(script).not.toMatch(/^(import|export)\b|\beval\b|innerHTML|fetch\(|XMLHttpRequest/m)
    const hash = createHash('sha256').update(script).digest('base64')
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'"`)
  })

  it('needs nothing from the network', () => {
    const addresses = [...page.matchAll(/https?:\/\/[^"' <]+/g)].map(([address]) => address)
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xlink']))
    expect(page).not.toMatch(/@import|url\(|<link|<img/)
  })

  it('gives equal bytes for equal runs, found by name or below a folder', async () => {
    mkdirSync(join(runs.root, 'pages'))
    // Of a process that was killed: no process has this id.
    writeFileSync(join(runs.root, 'pages', `again.html.rpt-tmp-${2 ** 22 + 1}`), '')
    const again = await writeReport([runs.root], join(runs.root, 'pages', 'again.html'))
    expect(readFileSync(again.path, 'utf8')).toBe(page)
    expect(readdirSync(join(runs.root, 'pages'))).toEqual(['again.html'])
    expect(again.runs).toEqual([runs.base, runs.ntp, runs.rpt])
  })

  it('refuses no runs, a folder without runs, and a damaged summary', async () => {
    await expect(writeReport([], runs.root)).rejects.toThrow(UsageError)
    await expect(writeReport([runs.data], runs.root)).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringContaining('no run at or below'),
        suggestions: [`to look at prepared data: rpt inspect ${runs.data}`],
      }),
    )
    await expect(writeReport([join(runs.root, 'absent')], runs.root)).rejects.toThrow(DataError)
    const broken = join(runs.root, 'broken')
    mkdirSync(broken)
    writeFileSync(join(broken, 'config.resolved.yaml'), 'seed: 0')
    writeFileSync(join(broken, 'summary.json'), '{"command":')
    await expect(writeReport([broken], runs.root)).rejects.toThrow(
      /summary\.json, the summary of a run: it is not JSON/,
    )
    rmSync(broken, {recursive: true})
  })
})

describe('results', () => {
  it('lists the last evaluation of each objective and mode, base first', () => {
    const results = collectResults([runs.rpt, runs.ntp, runs.base].map(readRun))
    expect(results.map(({label}) => label)).toEqual([
      'base, standard',
      'base, reasoning',
      'ntp, step 200, standard',
      'rpt, step 200, reasoning',
      'rpt, step 200, forced-thought',
    ])
    expect(renderTable(resultTable(results))[2]).toMatch(/^model and mode +easy +medium +hard +FLOPs each$/)
  })

  it('keeps runs of one evaluation apart, whatever else they share', () => {
    const run = readRun(runs.base)
    const twin = run.evals.map((row) => ({...row, run: 'twin', accuracy: 0.01}))
    const results = collectResults([{...run, evals: [...run.evals, ...twin]}])
    expect(new Set(results.map(({subject}) => subject))).toEqual(new Set([run.evals[0].run, 'twin']))
    const accuracies = results.map(({subject, cells}) => subject === 'twin' && cells.easy?.accuracy)
    expect(accuracies.filter((accuracy) => accuracy !== false).every((accuracy) => accuracy === 0.01)).toBe(true)
  })

  it('takes a checkpoint of step 0 for the base, whatever it is called, and knows an objective by what it teaches', async () => {
    const run = readRun(runs.rpt)
    const rows = run.evals.filter(({step}) => step === 200)
    const start = rows.map((row) => ({...row, run: 'start', step: 0}))
    const foreign = rows.map((row) => ({...row, run: 'other', objective: 'new'}))
    const results = collectResults([{...run, evals: [...foreign, ...rows, ...start]}])
    expect(results.map(({subject, taught, mode}) => `${subject} ${taught} ${mode}`)).toEqual([
      'start nothing reasoning',
      'rpt thoughts reasoning',
      'rpt thoughts forced-thought',
      'other null reasoning',
      'other null forced-thought',
    ])
    expect(new Set((await compareAll(results)).map(({subject}) => subject.subject))).toEqual(new Set(['rpt']))
    const untaught = results.filter(({subject}) => subject !== 'rpt')
    expect(new Set((await compareAll(untaught)).map(({subject}) => subject.subject))).toEqual(new Set(['other']))
  })

  it('gives the terminal the tables and the curves of the page', async () => {
    const content = await contentOf([runs.base, runs.rpt].map(readRun))
    const lines = renderResults(content)
    expect(lines).toEqual(expect.arrayContaining(renderTable(resultTable(content.results))))
    const trend = trendOf(curvesOf(content.runs, 'reward')[0].points)
    expect(lines).toEqual(
      expect.arrayContaining(['Reward of rpt', '', ...terminalPlot(trend, {xLabel: 'step'})].map(visibleLine)),
    )
    expect(lines).toContain('Accuracy on medium against compute, %, rpt, reasoning')
  })

  it('compares on the same positions, with the members of a nested split', async () => {
    const results = collectResults([runs.rpt, runs.base].map(readRun))
    const [first] = await compareAll(results)
    expect(first.other.label).toBe('base, standard')
    expect(Object.values(first.differences!).map(({count}) => count)).toEqual([1000, 1000, 666, 333])
    const {accuracy} = first.subject.cells.hard!
    expect(first.differences!.hard!.difference).toBeCloseTo(accuracy - first.other.cells.hard!.accuracy, 12)
    expect(first.differences!.hard!.isAbove).toBe(true)
  })

  it('takes the last checkpoint of what was taught to think, and one set of resamples for all lines', async () => {
    const run = readRun(runs.rpt)
    const twins = run.evals.map((row) => ({...row, run: 'twin'}))
    const several = {...run, metrics: [], evals: [...run.evals, ...twins]}
    const results = collectResults([several, readRun(runs.base), readRun(runs.ntp)])
    expect(results.filter(({mode, objective}) => mode === 'reasoning' && objective === 'rpt')).toHaveLength(14)
    const stages: string[] = []
    const stage = (name: string, total?: number) => ({
      advance: (count: number) => stages.push(`${name} ${count} of ${total}`),
      note() {},
      done() {},
    })
    const comparisons = await compareAll(results, {progress: {...silentProgress, stage}})
    expect(
      comparisons.map(({subject, other}) => `${subject.subject} ${subject.step} ${other.subject} ${other.mode}`),
    ).toEqual(
      ['rpt', 'twin'].flatMap((subject) =>
        [
          'base standard',
          'base reasoning',
          'ntp standard',
          ...['reasoning', 'forced-thought'].flatMap((mode) => ['rpt', 'twin'].map((name) => `${name} ${mode}`)),
        ]
          .filter((other) => other !== `${subject} reasoning`)
          .map((other) => `${subject} 200 ${other}`),
      ),
    )
    const [alone] = await compareAll(
      results.filter(({subject, step, mode}) => (subject === 'rpt' && step === 200) || mode === 'standard'),
    )
    expect(alone.differences).toEqual(comparisons[0].differences)
    expect(stages.filter((line) => line.startsWith('compare'))).toEqual(Array(4).fill('compare 1 of 4'))
  })

  it('are drawn where they are compared, and the headline counts those', async () => {
    const [rpt, ntp] = [runs.rpt, runs.ntp].map(readRun)
    const earlier = ntp.evals.map((row) => ({...row, step: 100, checkpoint: 'step-100'}))
    const several = [
      {...rpt, metrics: []},
      {...ntp, metrics: [], evals: [...earlier, ...ntp.evals]},
    ]
    const content = await contentOf(several)
    const {text} = resultSection(content)
    const drawn = [...text.matchAll(/<div class="name">([^<]+)</g)].map(([, name]) => name)
    const [{subject}] = content.comparisons
    const compared = content.comparisons.map(({other}) => other.label)
    expect(drawn.toSorted()).toEqual([subject.label, ...compared].toSorted())
    expect(compared).toContain('ntp, step 100, standard')
    expect(drawn.length).toBeLessThan(content.results.length)
    expect(text).toContain('Drawn: the lines that are compared. The table has earlier checkpoints too.')
    const known = content.comparisons.find(({differences}) => differences !== null)!
    expect(headlineOf(Array(3).fill(known))).not.toContain('lines')
    expect(headlineOf(Array(5).fill(known))).toMatch(/ is (above|below) all 5 lines that it is compared with \(/)
  })

  it('are said in one sentence: above, level, below, and what cannot be compared', async () => {
    const [first, ...others] = await compareAll(collectResults([runs.rpt, runs.ntp, runs.base].map(readRun)))
    const verdict = (comparison: Comparison, gain: number): Comparison => {
      const around = {count: 9, difference: gain, ciLow: gain - 0.02, ciHigh: gain + 0.02}
      const cell = {...around, isAbove: gain > 0.02, isBelow: gain < -0.02}
      return {
        ...comparison,
        differences: {all: cell, easy: cell, medium: cell, hard: {...cell, difference: gain - 0.01}},
      }
    }
    const [level, below, odd] = others
    const mixed = {
      ...verdict(odd, 0.05),
      differences: {...verdict(odd, 0.05).differences, hard: verdict(odd, 0).differences!.hard},
    }
    expect(headlineOf([verdict(first, 0.1), verdict(level, 0), verdict(below, -0.1), mixed])).toBe(
      'rpt, step 200, reasoning is above base, standard (+9.0 on hard) on every split; ' +
        'not distinguishable from base, reasoning (\u22121.0 on hard) on every split; ' +
        'below ntp, step 200, standard (\u221211.0 on hard) on every split; ' +
        'above rpt, step 200, forced-thought (\u22121.0 on hard) on easy and medium, not distinguishable on hard.',
    )
    expect(
      headlineOf([verdict(first, 0.1), {...verdict(level, 0.1), unlike: ['prompt.template bare and v0']}]),
    ).toMatch(/; not to be compared with 1 line of other templates or lengths\.$/)
    expect(headlineOf([verdict(first, 0.1), {...verdict(level, 0.1), subject: level.other}])).toBe(
      'rpt, step 200, reasoning is above base, standard (+9.0 on hard) on every split (1 more run below).',
    )
    const whole = {...first, differences: {all: verdict(first, 0.1).differences!.all}}
    expect(headlineOf([whole])).toBe('rpt, step 200, reasoning is above base, standard (+10.0 on all) on all.')
    const dollar = {...first, other: {...first.other, label: 'base $&'}}
    expect(headlineOf([verdict(dollar, 0.1)])).toContain('is above base $& (')
    expect(headlineOf([{...first, differences: null}])).toBeNull()
  })

  it('names the run of each line where several share an objective', () => {
    const run = readRun(runs.rpt)
    const twins = run.evals.map((row) => ({...row, run: 'twin', step: row.step - 1}))
    const labels = collectResults([{...run, evals: [...run.evals, ...twins]}]).map(({label}) => label)
    expect(labels).toContain('rpt, step 200, reasoning')
    expect(labels).toContain('twin: rpt, step 199, reasoning')
  })

  it('marks pairs that differ in template, lengths or contexts, and names the difference', async () => {
    const results = collectResults([runs.rpt, runs.base].map(readRun))
    const settings = (template: string, tokens: number) => ({'prompt.template': template, 'rollout.maxTokens': tokens})
    const subject = results.find(({objective, mode}) => objective === 'rpt' && mode === 'reasoning')!
    const changed = results.map((result) => {
      if (result.mode === 'standard') return {...result, settings: {'eval.standardContext': 'cut'}, cutTokens: 2.5}
      return {...result, settings: result === subject ? settings('bare', 24) : settings('v0', 8192)}
    })
    const comparisons = await compareAll(changed)
    const of = (mode: string) => comparisons.find(({other}) => other.mode === mode && other.objective === 'base')!
    expect(of('reasoning').unlike).toEqual(['prompt.template bare and v0', 'rollout.maxTokens 24 and 8192'])
    expect(of('standard').unlike).toEqual(['contexts lose 0.0 and 2.5 tokens'])
    const {rows, note} = comparisonTable(comparisons)
    expect(rows.every(([name]) => name.detail?.startsWith('not alike: '))).toBe(true)
    expect(rows.flatMap((row) => row.slice(1)).every(({tone}) => tone === 'muted')).toBe(true)
    expect(note).toMatch(/Not alike: .*not of the models alone/)
    const [alike] = await compareAll(results)
    expect(alike.unlike).toEqual([])
    expect(comparisonTable([alike]).note).not.toMatch(/alike/)
  })

  it('shows what a prediction costs, and no such column where an older version did not count it', () => {
    const [result] = collectResults([readRun(runs.base)])
    const {columns, rows, note} = resultTable([result, {...result, cost: null}])
    expect(columns.at(-1)).toBe('FLOPs each')
    expect(rows.map((row) => row.at(-1))).toEqual([
      {text: '3.0e+7', detail: '20 read, 10 written, 1.3 in the box'},
      {text: '-', tone: 'muted'},
    ])
    expect(note).toContain('In the box: tokens of the answer')
    expect(resultTable([{...result, cost: null}]).columns.at(-1)).toBe('hard')
  })

  it('shows how much of what a prediction writes is its answer, where anything is written', () => {
    const run = readRun(runs.base)
    const costsOf = (answer_tokens: number | null, written_tokens: number) => {
      const evals = run.evals.map((row) => ({...row, answer_tokens, written_tokens}))
      const {rows, note} = resultTable(collectResults([{...run, evals}]))
      return [rows[0].at(-1)!.detail, note!.includes('In the box: tokens of the answer')]
    }
    expect(costsOf(1.04, 10)).toEqual(['20 read, 10 written, 1 in the box', true])
    expect(costsOf(1.26, 10)).toEqual(['20 read, 10 written, 1.3 in the box', true])
    expect(costsOf(null, 10)).toEqual(['20 read, 10 written', false])
    expect(costsOf(1, 0)).toEqual(['20 read, 0 written', false])
  })

  it('shows each pass@k, and what positions that no box can hold would change', () => {
    const [result] = collectResults([readRun(runs.base)])
    const passAt = {
      1: {accuracy: 0.125, ciLow: Number.NaN, ciHigh: Number.NaN},
      8: {accuracy: 0.5, ciLow: 0.25, ciHigh: 0.75},
    }
    const cell = {...result.cells.hard!, passAt, inexpressible: 12, accuracyIfWrong: 0.25}
    const {rows, note} = resultTable([{...result, cells: {...result.cells, hard: {...cell, ciLow: Number.NaN}}}])
    expect(rows[0].at(-2)!.detail).toBe('pass@1 12.5 · pass@8 50.0 [25.0, 75.0] · 25.0 if wrong')
    expect(note).toMatch(/no box can hold the target: hard 12/)
    expect(resultTable([result]).note).not.toMatch(/pass@k|no box/)
  })

  it('says so where positions differ, instead of comparing', async () => {
    const results = collectResults([runs.rpt, runs.base].map(readRun))
    const moved = results.map((result) => (result.objective === 'base' ? {...result, step: 999} : result))
    expect((await compareAll(moved))[0].differences).toBeNull()
  })
})
