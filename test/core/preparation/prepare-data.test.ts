import {existsSync, readdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {contentHash} from '../../../src/core/corpus/split.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {inspect} from '../../../src/core/report/inspect.js'
import {renderInspect} from '../../../src/core/report/render-inspect.js'
import {DataError, Interrupted, UsageError} from '../../../src/core/util/errors.js'
import {type Progress, silentProgress} from '../../../src/core/util/progress.js'
import {readTensors} from '../../support/read-tensors.js'
import {referenceLogprobs} from '../../support/reference-decoder.js'
import {documentsOf, failureOf, json, makeWorkspace, positionsOf, texts, topEntropy} from './preparing.js'
import {newFolder, tiny} from './small-checkpoint.js'

const {other, prepare} = await makeWorkspace()

describe('preparing', () => {
  it('redoes with overwrite what other inputs had made; a difficulty model scores held-out documents', async () => {
    const out = join(newFolder(), 'data')
    await prepare(out, {'data.documentsOnly': true})
    const {summary, lines} = await prepare(out, {'data.difficultyModel': other}, {overwrite: true})
    expect(lines.join('\n')).toMatch(
      /is prepared again: difficulty model changed; data\.documentsOnly changed from true/,
    )
    expect(summary).toMatchObject({reused: false, documents: {train: 5, val: 3}})
    const rows = positionsOf(out)
    for (const {partition, difficulty_entropy} of rows) expect(difficulty_entropy !== null).toBe(partition === 'val')
    const [{doc_id: docId}] = rows.filter(({partition}) => partition === 'val')
    const own = rows.filter((row) => row.doc_id === docId)
    const ids = [...(await openPrepared(out)).documents.get(docId)!.tokenIds]
    const weights = new Map([...readTensors(join(other, 'model.safetensors'))].map(([name, {data}]) => [name, data]))
    const logprobs = referenceLogprobs(await readModelConfig(other), weights, ids)
    for (const {position, difficulty_entropy} of own)
      expect(difficulty_entropy).toBeCloseTo(topEntropy(logprobs[position - 1], 16), 4)
  })

  it('writes nothing when no position is left', async () => {
    const out = join(newFolder(), 'data')
    const failure = await failureOf(
      prepare(out, {'data.selectThreshold': 2.78, 'data.thresholds': '[2.78, 2.78, 2.78]'}),
    )
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.message).toMatch(/none of \d+ positions is left/)
    expect(existsSync(out)).toBe(false)
    expect(readdirSync(join(out, '..'))).toEqual([])
  })

  it.each([
    [
      'train',
      {'data.selectThreshold': 9},
      /^prepare-data: none of \d+ training positions is kept \(below-threshold \d+\); lower data\.selectThreshold/,
    ],
    [
      'train',
      {'data.select': 'top', 'data.topShare': 1e-9},
      /training positions is kept \(below-top-share \d+\); raise data\.topShare$/,
    ],
    [
      'val',
      {'data.thresholds': '[9,9,9]'},
      /none of \d+ held-out positions is kept \(below-threshold \d+, inexpressible \d+\); lower data\.thresholds/,
    ],
  ] as const)('says why no position of %s is kept: %j', async (partition, settings, line) => {
    const {lines, summary} = await prepare(join(newFolder(), 'data'), {
      'data.selectThreshold': 0,
      'data.thresholds': '[0,0,0]',
      ...settings,
    })
    expect(summary.positions[partition].kept).toBe(0)
    expect(lines.filter((text) => text.includes('is kept'))).toEqual([expect.stringMatching(line)])
  })

  it('keeps what lies in a band, and says which share that is', async () => {
    const out = join(newFolder(), 'data')
    const {lines, summary} = await prepare(out, {'data.select': 'band', 'data.selectBand': '[1, 2.2]'})
    const rows = positionsOf(out).filter(({partition}) => partition === 'train')
    const within = rows.filter(({entropy, reason}) => reason !== 'inexpressible' && entropy > 1 && entropy <= 2.2)
    expect(within.length).toBeGreaterThan(0)
    expect(rows.filter(({kept}) => kept)).toEqual(within)
    expect(rows.map(({reason}) => reason)).toContain('above-band')
    const share = within.length / rows.length
    const rule = 'entropy above 1 and at most 2.2 nats'
    expect(summary.selection).toEqual({select: 'band', rule, share_kept: share})
    expect(json(out, 'manifest.json').selection).toEqual(summary.selection)
    expect(lines).toContain(
      `training positions: ${within.length} of ${rows.length} kept (${(100 * share).toFixed(1)}%), by data.select=band: ${rule}`,
    )
    const shown = renderInspect(await inspect(out, {rows: 1})).join('\n')
    expect(shown).toContain(`${within.length} of ${rows.length} training positions`)
    expect(shown).toContain(`by data.select=band: ${rule}`)
  })

  it('says which settings of another rule are not read', async () => {
    const {lines} = await prepare(join(newFolder(), 'data'), {'data.selectBand': '[1, 2.2]'})
    expect(lines[0]).toMatch(
      /^prepare-data: data\.selectBand is \[1,2\.2\] \(set by --set\), but data\.select=threshold/,
    )
  })

  it('wants to know the band before it reads anything', async () => {
    const out = join(newFolder(), 'data')
    const failure = await failureOf(prepare(out, {'data.select': 'band', 'data.documents': '/nowhere.jsonl'}))
    expect(failure).toBeInstanceOf(UsageError)
    expect(failure.message).toMatch(/^config: data\.selectBand is not set; give --set data\.selectBand=/)
  })

  it.each([
    [
      0,
      [1, 2],
      {train: 2, val: 0},
      /of 10 documents, 2 to train on and 0 held out .*; their positions are drawn more often/,
    ],
    [3, [0, 0], {train: 0, val: 2}, /of 10 documents, 0 to train on and 2 held out .*; intervals .* too narrow/],
  ])('with %i held out, counts what repeats rows %j', async (valDocuments, repeated, duplicates, line) => {
    const heldOutFirst = texts.toSorted((a, b) => contentHash(a, 0) - contentHash(b, 0))
    const file = join(newFolder(), 'repeated.jsonl')
    const rows = [...heldOutFirst, ...repeated.map((row) => heldOutFirst[row])]
    writeFileSync(file, rows.map((text) => `${JSON.stringify({text})}\n`).join(''))
    const settings = {'data.documents': file, 'data.valDocuments': valDocuments, 'data.documentsOnly': true}
    const out = join(newFolder(), 'data')
    const {lines, summary} = await prepare(out, settings)
    expect(summary.duplicates).toEqual(duplicates)
    expect(json(out, 'manifest.json').duplicates).toEqual(duplicates)
    expect(lines).toEqual([expect.stringMatching(line)])
  })

  it('says nothing of duplicates where there are none', async () => {
    const {lines, summary} = await prepare(join(newFolder(), 'data'))
    expect(summary.duplicates).toEqual({train: 0, val: 0})
    expect(lines.join('\n')).not.toMatch(/same text/)
  })

  it('says that every document is held out', async () => {
    const {lines} = await prepare(join(newFolder(), 'data'), {
      'data.valDocuments': texts.length,
      'data.thresholds': '[0,0,0]',
    })
    expect(lines.join('\n')).toMatch(/no training position, because every document is held out/)
  })

  it('says that no document is held out, unless that is asked for', async () => {
    const said = async (valFraction: number) => {
      const settings = {'data.valDocuments': undefined, 'data.valFraction': valFraction, 'data.thresholds': '[0,0,0]'}
      return (await prepare(join(newFolder(), 'data'), settings)).lines.filter((line) =>
        /no held-out position/.test(line),
      )
    }
    expect(await said(0.001)).toEqual([
      'prepare-data: there is no held-out position, because no document is held out or each has a single token; give --val-documents',
    ])
    expect(await said(0)).toEqual([])
  })

  it('writes documents without positions, and needs no proxy for that', async () => {
    const out = join(newFolder(), 'data')
    const settings = {'data.documentsOnly': true, 'data.proxy': undefined, 'data.tokenizer': tiny}
    const {summary} = await prepare(out, settings)
    expect(summary.documents).toEqual({read: 8, train: 5, val: 3})
    expect(summary.positions.train.total + summary.positions.val.total).toBe(0)
    const {documents: opened, trainPositions} = await openPrepared(out)
    expect(opened).toHaveLength(8)
    expect(trainPositions).toHaveLength(0)
  })

  it.each([
    ['proxy', {'data.proxy': undefined, 'data.tokenizer': tiny}, /no proxy checkpoint/],
    ['tokenizer', {'data.proxy': undefined, 'data.documentsOnly': true}, /no tokenizer to read the documents with/],
  ])('asks for the %s that is missing', async (_, settings, message) => {
    const failure = await failureOf(prepare(join(newFolder(), 'data'), settings))
    expect(failure).toBeInstanceOf(UsageError)
    expect(failure.message).toMatch(message)
  })

  it.each(['read documents', 'tokenize documents', 'score entropy (proxy)', 'rank positions', 'select positions'])(
    'stops when asked to while it is at stage: %s, and writes nothing',
    async (name) => {
      const out = join(newFolder(), 'data')
      const stopping = new AbortController()
      const stages: string[] = []
      const progress: Progress = {
        ...silentProgress,
        stage(stage, ...described) {
          stages.push(stage)
          if (stage === name) stopping.abort()
          return silentProgress.stage(stage, ...described)
        },
      }
      const failure = await failureOf(prepare(out, {'data.select': 'top'}, {signal: stopping.signal, progress}))
      expect(failure).toBeInstanceOf(Interrupted)
      expect(stages.at(-1)).toBe(name)
      expect(readdirSync(join(out, '..'))).toEqual([])
    },
  )

  it('shows every stage with its total, and ends where that is reached', async () => {
    const shown: Record<string, {total?: number; unit?: string; done: number}> = {}
    const progress: Progress = {
      ...silentProgress,
      stage(name, total, unit) {
        const entry = {total, unit, done: 0}
        shown[name] = entry
        const advance = (count: number) => {
          entry.done += count
        }
        return {...silentProgress.stage(name), advance}
      },
    }
    const {summary} = await prepare(join(newFolder(), 'data'), {'data.difficultyModel': other}, {progress})
    const {train, val} = summary.positions
    const positions = train.total + val.total
    expect(shown).toEqual({
      'read documents': {total: undefined, unit: 'documents', done: 8},
      'tokenize documents': {total: 8, unit: 'documents', done: 8},
      'load the model': {total: undefined, unit: undefined, done: 0},
      'score entropy (proxy)': {total: positions, unit: 'positions', done: positions},
      'score entropy (difficulty model)': {total: val.total, unit: 'positions', done: val.total},
      'select positions': {total: positions, unit: 'positions', done: positions},
    })
  })

  it('fails, and writes nothing, when the documents change while they are read', async () => {
    const file = join(newFolder(), 'a.jsonl')
    const lines = texts.map((text) => `${JSON.stringify({text})}\n`)
    const failureAfter = async (changed: readonly string[]) => {
      writeFileSync(file, lines.join(''))
      const out = join(newFolder(), 'data')
      const progress: Progress = {
        ...silentProgress,
        stage(name, ...described) {
          if (name === 'tokenize documents') writeFileSync(file, changed.join(''))
          return silentProgress.stage(name, ...described)
        },
      }
      const failure = await failureOf(prepare(out, {'data.documents': file}, {progress}))
      expect(failure).toBeInstanceOf(DataError)
      expect(readdirSync(join(out, '..'))).toEqual([])
      return failure.message
    }
    expect(await failureAfter(lines.slice(0, -1))).toMatch(/a\.jsonl: the documents changed while rpt read them/)
    expect(await failureAfter([...lines.slice(1)])).toMatch(/at a\.jsonl:1: the documents changed/)
    expect(await failureAfter([...lines, lines[0]])).toMatch(/at a\.jsonl:9: the documents changed/)
  })

  it('says which document is too long for the proxy', async () => {
    const long = join(newFolder(), 'long.txt')
    writeFileSync(long, 'The red lamp. '.repeat(100))
    const failure = await failureOf(
      prepare(join(newFolder(), 'data'), {'data.documents': long, 'data.valDocuments': 0}),
    )
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.message).toMatch(/^long\.txt:1 has \d+ tokens; the proxy .* takes 256$/)
  })

  it('says how many documents a tokenizer brought to another Unicode form', async () => {
    const tokenizer = newFolder()
    const source = json(tiny, 'tokenizer.json')
    writeFileSync(join(tokenizer, 'tokenizer.json'), JSON.stringify({...source, normalizer: {type: 'NFC'}}))
    const file = join(newFolder(), 'a.jsonl')
    writeFileSync(file, '{"text": "cafe\\u0301"}\n{"text": "caf\\u00e9"}\n')
    const out = join(newFolder(), 'data')
    const {lines} = await prepare(out, {
      'data.documents': file,
      'data.tokenizer': tokenizer,
      'data.documentsOnly': true,
      'data.valDocuments': 0,
    })
    expect(lines).toEqual(['documents converted to Unicode form NFC, as the tokenizer requires: 1'])
    expect(documentsOf(out).map(({text}) => text)).toEqual(['caf\u00e9', 'caf\u00e9'])
  })
})
