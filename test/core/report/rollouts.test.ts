import {cpSync, linkSync, mkdtempSync, readFileSync, renameSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {ledgerWays} from '../../../src/core/records/records.js'
import {select} from '../../../src/core/report/html.js'
import {describeItem, type Ledger, readLedger} from '../../../src/core/report/ledger.js'
import {ledgerSection} from '../../../src/core/report/ledger-section.js'
import {cellsOf, fromHex, sharedBytes} from '../../../src/core/report/page/bytes.js'
import {matching, type SampledGroup} from '../../../src/core/report/page/filter.js'
import {ledgerRows, ways} from '../../../src/core/report/page/ledger-filter.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {writeReport} from '../../../src/core/report/report.js'
import {browseRollouts} from '../../../src/core/report/rollout-browser.js'
import {type RolloutSample, sampledSteps, sampleRollouts} from '../../../src/core/report/rollout-sample.js'
import {stepName} from '../../../src/core/runs/run-checkpoints.js'
import {documentsTable, ledgerTable, readTable, writeTable} from '../../../src/core/tables/index.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {hostileText, type SyntheticRuns, writeSyntheticRuns} from './synthetic-runs.js'

let runs: SyntheticRuns
let sample: RolloutSample
let groups: readonly SampledGroup[]
let ledger: Ledger
const nothing = async () => {}

beforeAll(async () => {
  runs = await writeSyntheticRuns(mkdtempSync(join(tmpdir(), 'rpt-rollouts-')))
  sample = await sampleRollouts(readRun(runs.rpt), 1, nothing)
  groups = sample.groups
  ledger = sample.ledger
})
afterAll(() => rmSync(runs.root, {recursive: true, force: true}))

const all = {run: '', step: '', split: '', outcome: '', result: '', least: '', most: '', text: ''}
const counted = (query: Partial<typeof all>) =>
  matching(groups, {...all, ...query}).reduce((sum, {shown}) => sum + shown.length, 0)

describe('a sample of rollouts', () => {
  it('is of whole groups from the first step to the last, the same every time, within a budget', async () => {
    expect(groups).toHaveLength(64)
    const again = await sampleRollouts(readRun(runs.rpt), 1, nothing)
    expect(again.groups).toEqual(groups)
    const part = (await sampleRollouts(readRun(runs.rpt), 0.1, nothing)).groups
    expect(part).toHaveLength(2 * Math.floor(120 / 8))
    expect(part.every((group) => groups.some((one) => JSON.stringify(one) === JSON.stringify(group)))).toBe(true)
    expect(part.filter(({step}) => step === 1)).not.toEqual(groups.filter(({step}) => step === 1).slice(0, 15))
    expect(part.every(({completions}) => completions.length === 8)).toBe(true)
  })

  it('knows the text before a position and how hard it is', () => {
    const splits = new Set(groups.map(({split}) => split))
    expect([...splits].every((split) => ['none', 'easy', 'medium', 'hard'].includes(split))).toBe(true)
    expect(splits.size).toBeGreaterThan(2)
    expect(groups[0].context).toMatch(/^( has| 17| pens|\.| After| C| Mia| Friday)+$/)
  })

  it('of a thousand steps is of twelve of them, and says so', async () => {
    const file = (step: number) => join(runs.rpt, 'rollouts', `${stepName(step)}.arrow`)
    const added = Array.from({length: 998}, (_, i) => i + 2).filter((step) => step !== 200)
    for (const step of added) linkSync(file(1), file(step))
    try {
      const run = readRun(runs.rpt)
      const read: number[] = []
      const sample = await sampleRollouts(run, 1, async () => {
        read.push(read.length)
      })
      expect(run.rolloutSteps.length).toBe(999)
      expect(sampledSteps(run)).toEqual([1, 92, 182, 273, 364, 455, 545, 636, 727, 818, 908, 999])
      expect(read).toHaveLength(12)
      expect(sample.groups.length).toBe(12 * 25)
      const page = browseRollouts([sample])
        .map(({text}) => text)
        .join('')
      expect(page).toContain('rpt: 2400 completions at 300 positions of 12 steps, of 999 steps that were kept.')
    } finally {
      for (const step of added) rmSync(file(step))
    }
  })

  it('is data that a script reads and no markup', () => {
    const parts = browseRollouts([{run: readRun(runs.rpt), groups, steps: [1, 200], ends: []}])
    const [, json] = /<script type="application\/json">(.*?)<\/script>/s.exec(parts.at(-1)!.text)!
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(groups)))
    expect(json).toContain('\\u003cscript>alert')
    expect(json).not.toContain('<')
    expect(browseRollouts([])).toEqual([])
  })
})

describe('runs of one name', () => {
  it('have as much of their paths in front as tells them apart, wherever the page names them', async () => {
    const at = ['small/seed-0', 'small/seed-1', 'large/seed-0'].map((folder) => join(runs.root, folder, 'rpt'))
    for (const path of at) cpSync(runs.rpt, path, {recursive: true})
    const paths = [...at, runs.ntp]
    const {path, content} = await writeReport(paths, join(runs.root, 'names.html'))
    const names = ['small/seed-0/rpt', 'seed-1/rpt', 'large/seed-0/rpt']
    expect(content.runs.map(({name}) => name)).toEqual([...names, 'ntp'])
    const page = readFileSync(path, 'utf8')
    expect([...page.matchAll(/class="ledger" data-run="([^"]+)"/g)].map(([, name]) => name)).toEqual(names)
    expect(page).toContain(select('run', 'run', names).text)
    expect(content.results.filter(({mode}) => mode === 'reasoning').map(({run}) => run.name)).toEqual(names.toSorted())
    for (const folder of ['small', 'large']) rmSync(join(runs.root, folder), {recursive: true})
  })
})

describe('the ledger of a page', () => {
  it('counts every training item once, and each split of them', () => {
    const {summary, splits} = ledger
    expect(summary).toMatchObject({items: 580, drawn: 32, draws: 64})
    const sums = [...splits.values()]
    expect([...splits.keys()]).toEqual(['easy', 'medium', 'hard'])
    for (const name of ['items', 'drawn', 'draws', 'always_right', 'never_right', 'without_signal'] as const)
      expect(sums.reduce((sum, own) => sum + own[name], 0)).toBe(summary[name])
  })

  it('says at each position how it went in the whole run', () => {
    const [{doc, position, ledger: words}] = groups
    const own = groups.filter((one) => one.doc === doc && one.position === position)
    const completions = own.flatMap((one) => one.completions)
    const right = completions.filter(({correct}) => correct).length
    const differed = own.filter((one) => new Set(one.completions.map(({reward}) => reward)).size > 1).length
    expect(words).toBe(
      `drawn ${own.length} times, last in step 200; ${right} of ${completions.length} completions right; ` +
        `rewards differed in ${differed} ${differed === 1 ? 'group' : 'groups'}`,
    )
  })

  it('says nothing of a position that it does not hold', async () => {
    const file = join(runs.rpt, 'ledger.arrow')
    const [{doc, position}] = groups
    const lost = `${doc}@${position}`
    renameSync(file, `${file}.away`)
    try {
      const rows = readTable(`${file}.away`, ledgerTable).filter(({item}) => item !== lost)
      await writeTable(file, ledgerTable, rows)
      const {groups: again} = await sampleRollouts(readRun(runs.rpt), 1, nothing)
      const isLost = (group: SampledGroup) => `${group.doc}@${group.position}` === lost
      expect(again.filter(isLost).every((group) => group.ledger === '')).toBe(true)
      expect(again.filter((group) => !isLost(group))).toEqual(groups.filter((group) => !isLost(group)))
    } finally {
      renameSync(`${file}.away`, file)
    }
  })

  it('lists what was drawn most, each with the search for its rollouts', () => {
    const {text} = ledgerSection([sample])
    const names = [...text.matchAll(/data-find="([^"]+)">([^<]+)</g)].map(([, find, name]) => [find, name])
    expect(names).toHaveLength(12)
    for (const [find, name] of names) {
      expect(name).toBe(find)
      expect(counted({text: find})).toBeGreaterThan(0)
    }
    expect(text).toContain('Ledger: 32 of 580 items drawn, 2 times each on average; 94.5% never.')
  })

  it('knows the byte of the document where a position starts', () => {
    const [{doc, position, byte, context}] = groups
    const own = readTable(join(runs.data, 'documents.arrow'), documentsTable).find(({doc_id}) => doc_id === doc)!
    const before = Buffer.from(own.text).subarray(0, byte!).toString()
    expect(byte).toBe(own.byte_offsets[position])
    expect(before.endsWith(context)).toBe(true)
    expect(ledgerSection([sample]).text).toContain(`${doc}@${position}</a><small>from byte ${byte}</small>`)
  })

  it('is chosen by how items went and by split, and sorted', () => {
    const entry = (item: string, split: string, numbers: readonly number[]) => {
      const [drawn, with_signal, completions, correct, last_step] = numbers
      return {item, split, byte: null, drawn, with_signal, completions, correct, last_step}
    }
    const entries = [
      entry('a', 'easy', [1, 0, 8, 8, 9]),
      entry('b', 'hard', [3, 2, 24, 5, 7]),
      entry('c', 'hard', [2, 0, 16, 0, 8]),
      entry('d', 'easy', [3, 1, 24, 1, 3]),
    ]
    const asked = (query: object) =>
      ledgerRows(entries, {way: '', split: '', order: 'drawn most', ...query}).map(({item}) => item)
    expect(asked({})).toEqual(['d', 'b', 'c', 'a'])
    expect(asked({order: 'drawn last'})).toEqual(['a', 'c', 'b', 'd'])
    expect(asked({order: 'right least'})).toEqual(['c', 'd', 'b', 'a'])
    expect(asked({order: 'right most', split: 'hard'})).toEqual(['b', 'c'])
    expect(asked({way: 'never-right'})).toEqual(['c'])
    expect(asked({way: 'sometimes-right'})).toEqual(['d', 'b'])
    expect(asked({way: 'always-right', split: 'hard'})).toEqual([])
    expect(asked({way: 'no-signal'})).toEqual(['c', 'a'])
    expect(['drawn', ...Object.keys(ways)]).toEqual(ledgerWays)
  })

  it('is counted from the rollouts while a run goes on, without its splits', () => {
    const file = join(runs.rpt, 'ledger.arrow')
    renameSync(file, `${file}.away`)
    try {
      const running = readLedger(runs.rpt, new Set(sample.ledger.items.keys()))
      expect(running.summary).toEqual({...ledger.summary, items: null})
      expect(running.splits.size).toBe(0)
      expect([...running.items.values()].map(describeItem).toSorted()).toEqual(
        [...ledger.items.values()].map(describeItem).toSorted(),
      )
    } finally {
      renameSync(`${file}.away`, file)
    }
  })
})

describe('filters', () => {
  it('take completions by step, split, outcome, result, reward and text, alone and together', () => {
    const flat = groups.flatMap((group) => group.completions.map((one) => ({...group, ...one})))
    expect(counted({})).toBe(512)
    expect(counted({run: 'other'})).toBe(0)
    expect(counted({step: '1'})).toBe(256)
    expect(counted({split: 'hard'})).toBe(flat.filter(({split}) => split === 'hard').length)
    expect(counted({outcome: 'unfinished-thinking'})).toBe(2)
    const right = flat.filter(({correct}) => correct).length
    expect(right).toBeGreaterThan(50)
    expect([counted({result: 'right'}), counted({least: '0.5'}), counted({most: '0.5'})]).toEqual([
      right,
      right,
      512 - right,
    ])
    expect(counted({least: 'no number'})).toBe(512)
    expect(counted({text: hostileText.toUpperCase()})).toBe(2)
    expect(counted({text: 'is not a prefix', result: 'right'})).toBe(0)
    const of = (doc: string) => flat.filter((one) => one.doc === doc).length
    expect([counted({text: 'corpus.jsonl:2'}), counted({text: 'corpus.jsonl:20'})]).toEqual([
      flat.filter(({doc}) => doc.startsWith('corpus.jsonl:2')).length,
      of('corpus.jsonl:20'),
    ])
    const position = groups.find(({doc}) => doc === 'corpus.jsonl:20')!.position
    expect(counted({text: `corpus.jsonl:20@${position}`})).toBe(
      flat.filter((one) => one.doc === 'corpus.jsonl:20' && one.position === position).length,
    )
    expect(counted({text: `corpus.jsonl:20@${position}1`})).toBe(0)
    expect(counted({step: '200', result: 'right'})).toBe(
      flat.filter(({step, correct}) => step === 200 && correct).length,
    )
  })
})

describe('bytes', () => {
  it('are shown one by one: characters as themselves, spaces and controls as signs, others as digits', () => {
    const shown = (bytes: Uint8Array) => cellsOf(bytes).map(({text}) => text)
    expect(shown(Buffer.from(' 17\n\tz\u00fc\u4e16'))).toEqual([
      '\u00b7',
      '1',
      '7',
      '\u21b5',
      '\u21e5',
      'z',
      '\u00fc',
      '\u4e16',
    ])
    expect(shown(Uint8Array.of(0x41, 0xe4, 0xb8, 0xff, 0x00))).toEqual(['A', '\\xe4', '\\xb8', '\\xff', '\\x00'])
    expect(shown(Buffer.from('\u202ea\u00a0\ufeff'))).toEqual(['\\xe2\\x80\\xae', 'a', '\\xc2\\xa0', '\\xef\\xbb\\xbf'])
  })

  it('are all there, in order, whatever they are', () => {
    const sampler = new Sampler(streamSeed(1, 'bytes'))
    for (let trial = 0; trial < 200; trial++) {
      const bytes = Uint8Array.from({length: 12}, () => sampler.integer(256))
      const cells = cellsOf(bytes)
      expect(cells.map(({start}) => start)).toEqual([0, ...cells.map(({end}) => end)].slice(0, -1))
      expect(cells.at(-1)!.end).toBe(12)
    }
    const bytes = Buffer.from(' late,')
    expect(Buffer.from(fromHex(bytes.toString('hex')))).toEqual(bytes)
    expect([
      sharedBytes(bytes, Buffer.from(' lane')),
      sharedBytes(bytes, bytes),
      sharedBytes(bytes, new Uint8Array()),
    ]).toEqual([3, 6, 0])
  })
})
