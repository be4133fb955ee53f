import {cpSync, existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, describe, expect, it, vi} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {contentHash} from '../../../src/core/corpus/split.js'
import {causalPairs, forwardFlops} from '../../../src/core/models/flops.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {parameterCount} from '../../../src/core/models/parameters.js'
import {type PrepareSummary, prepareData} from '../../../src/core/preparation/prepare-data.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {clusterOf} from '../../../src/core/records/cluster-of.js'
import {inspect} from '../../../src/core/report/inspect.js'
import {renderInspect} from '../../../src/core/report/render-inspect.js'
import {documentsTable, positionsTable, readRows} from '../../../src/core/tables/index.js'
import {DataError, Interrupted, UsageError} from '../../../src/core/util/errors.js'
import {type Progress, silentProgress} from '../../../src/core/util/progress.js'
import type {Services} from '../../../src/core/util/services.js'
import {readTensors} from '../../support/read-tensors.js'
import {referenceLogprobs} from '../../support/reference-decoder.js'
import {makeAdapters, makeCheckpoint, newFolder, tiny} from './small-checkpoint.js'

// A worker thread cannot load TypeScript here: the engine runs in this thread.
vi.mock('../../../src/core/engine/start-engine.js', async () => {
  const {LocalEngine: Engine} = await import('../../../src/core/engine/engine.js')
  return {startEngine: () => new Engine({device: 'cpu', threads: 1})}
})

const texts = [
  'The red lamp is on. After two turns it shows 3.',
  'Anna copied it twice. It starts in June.',
  'Phases: A early, B mirror, C early.',
  'After D it is June. After H it is January.',
  'Karen checked it there, once and again.',
  'A \\boxed{7} is text; so is </think> here.',
  'Grüße an 中文, with <eos> written out.',
  'The last one: 1, 2, 3, 4, 5.',
]

let proxy: string
let other: string
let documents: string
beforeAll(async () => {
  proxy = await makeCheckpoint(1)
  other = await makeCheckpoint(2)
  documents = join(newFolder(), 'corpus.jsonl')
  writeFileSync(documents, texts.map((text) => `${JSON.stringify({text})}\n`).join(''))
})

interface Run {
  readonly lines: string[]
  readonly summary: PrepareSummary
}

async function prepare(
  out: string,
  settings: Record<string, unknown> = {},
  changes: Partial<Services> = {},
): Promise<Run> {
  const lines: string[] = []
  const keys = {out, threads: 1, 'data.documents': documents, 'data.proxy': proxy, 'data.valDocuments': 3, ...settings}
  const given = Object.entries(keys).filter(([, value]) => value !== undefined)
  const {config, sources} = loadConfig({
    command: 'prepare-data',
    sets: given.map(([key, value]) => `${key}=${value}`),
    cwd: tmpdir(),
  })
  const summary = await prepareData(config, {
    progress: {...silentProgress, log: (line) => lines.push(line), warn: (line) => lines.push(line)},
    signal: new AbortController().signal,
    sources,
    command: 'prepare-data',
    version: '0.0.0',
    resume: false,
    overwrite: false,
    ...changes,
  })
  return {lines, summary}
}

const failureOf = (run: Promise<unknown>) =>
  run.then(
    () => expect.fail('nothing was thrown'),
    (error) => error,
  )
const json = (folder: string, name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const positionsOf = (folder: string) => [...readRows(join(folder, 'positions.arrow'), positionsTable)]
const documentsOf = (folder: string) => [...readRows(join(folder, 'documents.arrow'), documentsTable)]

describe('prepared data', () => {
  let out: string
  let first: Run
  beforeAll(async () => {
    out = join(newFolder(), 'data')
    first = await prepare(out)
  })

  it('are a folder of tables, tokenizer, summary and manifest', () => {
    expect(readdirSync(out).sort()).toEqual([
      'documents.arrow',
      'manifest.json',
      'positions.arrow',
      'summary.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    expect(first.summary).toMatchObject({command: 'prepare-data', version: '0.0.0', out, reused: false})
    expect(json(out, 'summary.json')).toMatchObject({documents: {read: 8, train: 5, val: 3}, reused: false})
  })

  it('say in the summary what scoring took: one forward pass over every document', async () => {
    const {documents} = await openPrepared(out)
    const model = await readModelConfig(proxy)
    const shape = {...model, parameterCount: parameterCount(model)}
    const lengths = (['train', 'val'] as const).flatMap((partition) => {
      const own = documents.in(partition)
      return Array.from({length: own.length}, (_, i) => own.at(i).tokenIds.length)
    })
    const flops = lengths.map((length) => {
      const tokens = length - 1
      return forwardFlops(shape, {tokens, attendedPairs: causalPairs(0, tokens)})
    })
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
    expect(first.summary.compute.tokens).toBe(sum(lengths))
    expect(first.summary.compute.flops).toBeCloseTo(sum(flops), -2)
  })

  it('have counts in the manifest that add up with the tables', async () => {
    const manifest = json(out, 'manifest.json')
    const {documents: opened} = await openPrepared(out)
    const rows = positionsOf(out)
    for (const partition of ['train', 'val'] as const) {
      const own = rows.filter((row) => row.partition === partition)
      const documents = opened.in(partition)
      expect(manifest.documents[partition]).toBe(documents.length)
      const targets = Array.from({length: documents.length}, (_, i) => documents.at(i).tokenIds.length - 1)
      expect(own.length).toBe(targets.reduce((sum, count) => sum + count, 0))
      const countOf = (difficulty: string) => own.filter((row) => row.difficulty === difficulty).length
      expect(manifest.positions[partition]).toEqual({
        total: own.length,
        kept: own.filter(({kept}) => kept).length,
        easy: countOf('easy'),
        medium: countOf('medium'),
        hard: countOf('hard'),
        inexpressible: Object.fromEntries(
          ['none', 'easy', 'medium', 'hard'].map((level) => [
            level,
            own.filter(({reason, difficulty}) => reason === 'inexpressible' && difficulty === level).length,
          ]),
        ),
        reasons: Object.fromEntries(
          [...new Set(own.map(({reason}) => reason))].map((reason) => [
            reason,
            own.filter((row) => row.reason === reason).length,
          ]),
        ),
      })
    }
    expect(manifest.documents.read).toBe(texts.length)
    expect(manifest.rows).toEqual({documents: texts.length, positions: rows.length})
    expect(manifest.checks.map(({check}: {check: string}) => check)).toContain(
      'documents read - left out + windows = train + val',
    )
    expect(manifest.checks.every(({left, right}: {left: number; right: number}) => left === right)).toBe(true)
    expect(first.summary.positions).toEqual(manifest.positions)
    expect(manifest.settings).toMatchObject({seed: 0, 'data.topK': 16, 'data.thresholds': [0.5, 1, 1.5]})
  })

  it('leave out targets that no box can hold, here the brace that closes one, and say how many', () => {
    const left = positionsOf(out).filter(({reason}) => reason === 'inexpressible')
    expect(left.map(({doc_id, kept, target_bytes}) => [doc_id, kept, Buffer.from(target_bytes).toString()])).toEqual([
      ['corpus.jsonl:6', false, '}'],
    ])
    expect(first.lines.join()).toMatch(/1 of \d+ positions are left out, because no box can hold their targets/)
    expect(json(out, 'manifest.json').settings).toMatchObject({'reward.maxReferenceTokens': 32})
  })

  it('hold every document with text, tokens and byte offsets, named by file and line', async () => {
    const prepared = await openPrepared(out)
    const rows = documentsOf(out)
    expect(rows.map(({doc_id}) => doc_id)).toEqual(texts.map((_, i) => `corpus.jsonl:${i + 1}`))
    expect(rows.map(({text}) => text)).toEqual(texts)
    for (const {doc_id: docId, partition, text, token_ids: tokenIds, byte_offsets: byteOffsets} of rows) {
      expect(tokenIds[0]).toBe(1)
      expect(prepared.tokenizer.decode(tokenIds.subarray(1))).toBe(text)
      expect(byteOffsets).toHaveLength(tokenIds.length)
      expect(prepared.documents.get(docId)).toEqual({docId, partition, tokenIds})
    }
    expect(prepared.documents.length).toBe(rows.length)
    expect(prepared.documents.in('train')).toHaveLength(5)
  })

  it('open with the kept positions of each partition', async () => {
    const {trainPositions, heldOutPositions} = await openPrepared(out)
    const keptIn = (partition: string) =>
      positionsOf(out)
        .filter((row) => row.kept && row.partition === partition)
        .map(({doc_id, position, difficulty, entropy}) => ({docId: doc_id, position, difficulty, entropy}))
    expect(keptIn('train').length).toBeGreaterThan(10)
    expect([...trainPositions]).toEqual(keptIn('train'))
    expect(trainPositions).toHaveLength(keptIn('train').length)
    expect(trainPositions.at(7)).toEqual(keptIn('train')[7])
    expect(() => trainPositions.at(trainPositions.length)).toThrow(RangeError)
    expect([...heldOutPositions]).toEqual(keptIn('val'))
  })

  it('have the entropies that a float64 decoder finds, each beside the token it is about', async () => {
    const config = await readModelConfig(proxy)
    const tensors = [...readTensors(join(proxy, 'model.safetensors'))]
    const weights = new Map(tensors.map(([name, {data}]) => [name, data]))
    const opened = (await openPrepared(out)).documents
    for (const docId of ['corpus.jsonl:1', 'corpus.jsonl:7']) {
      const ids = [...opened.get(docId)!.tokenIds]
      const logprobs = referenceLogprobs(config, weights, ids)
      const rows = positionsOf(out).filter((row) => row.doc_id === docId)
      expect(rows.map(({position}) => position)).toEqual(ids.slice(1).map((_, i) => i + 1))
      for (const {position, target_id, entropy, target_logprob, top1_id} of rows) {
        const next = logprobs[position - 1]
        expect(target_id).toBe(ids[position])
        expect(entropy).toBeCloseTo(topEntropy(next, 16), 4)
        expect(target_logprob).toBeCloseTo(next[target_id], 4)
        expect(top1_id).toBe(next.indexOf(Math.max(...next)))
      }
      // The entropies must differ enough for a shift by one to be seen.
      expect(
        Math.max(...rows.map(({entropy}) => entropy)) - Math.min(...rows.map(({entropy}) => entropy)),
      ).toBeGreaterThan(0.1)
    }
  })

  it('may come from adapters beside their base, alone or of a run, and are then those of the merged checkpoint', async () => {
    const adapters = await makeAdapters(proxy)
    const entropiesBy = async (settings: Record<string, unknown>) => {
      const folder = join(newFolder(), 'data')
      const {lines} = await prepare(folder, settings)
      return {folder, lines, entropies: positionsOf(folder).map(({entropy}) => entropy)}
    }
    const [own, merged, base] = [
      await entropiesBy({'data.proxy': adapters}),
      await entropiesBy({'data.proxy': join(adapters, 'merged'), 'data.tokenizer': proxy}),
      await entropiesBy({}),
    ]
    const worst = (others: readonly number[]) =>
      Math.max(...own.entropies.map((entropy, i) => Math.abs(entropy - others[i])))
    expect(own.entropies.length).toBe(merged.entropies.length)
    expect(worst(merged.entropies)).toBeLessThan(1e-4)
    expect(worst(base.entropies)).toBeGreaterThan(1e-2)
    expect(own.lines).toContain(`prepare-data: the proxy is ${proxy} with the adapters of ${adapters}`)
    const run = newFolder()
    const checkpoint = join(run, 'checkpoints', 'step-000002')
    for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
      cpSync(join(adapters, file), join(checkpoint, file))
    expect((await prepare(own.folder, {'data.proxy': run})).summary.reused).toBe(true)
    const config = JSON.parse(readFileSync(join(checkpoint, 'adapter_config.json'), 'utf8'))
    writeFileSync(join(checkpoint, 'adapter_config.json'), JSON.stringify({...config, lora_alpha: 5}))
    expect((await failureOf(prepare(own.folder, {'data.proxy': run}))).message).toMatch(/: proxy changed$/)
  })

  it('measure difficulty by the proxy where no other model is named, on held-out documents only', () => {
    for (const {partition, entropy, difficulty_entropy} of positionsOf(out))
      expect(difficulty_entropy).toBe(partition === 'val' ? entropy : null)
  })

  it('are reused when nothing changed, and the log says so', async () => {
    const before = readFileSync(join(out, 'manifest.json'), 'utf8')
    const again = await prepare(out)
    expect(again.lines.join('\n')).toMatch(/is reused/)
    expect(again.summary).toEqual({
      ...first.summary,
      reused: true,
      wall_seconds: again.summary.wall_seconds,
      peak_rss_bytes: again.summary.peak_rss_bytes,
    })
    expect(typeof again.summary.wall_seconds).toBe('number')
    expect(readFileSync(join(out, 'manifest.json'), 'utf8')).toBe(before)
  })

  it.each([
    ['a setting', {'data.minContext': 2}, ['data.minContext changed from 1 to 2']],
    ['a setting that was not given', {'data.limit': 8}, ['data.limit changed from unset to 8']],
    [
      'a setting that is no longer given',
      {'data.valDocuments': undefined},
      ['data.valDocuments changed from 3 to unset'],
    ],
    ['the seed', {seed: 1}, ['seed changed from 0 to 1']],
    ['the threads, on which nothing depends', {threads: 2}, []],
  ])('made with other inputs are refused, naming what changed: %s', async (_, settings, reasons) => {
    if (reasons.length === 0) {
      expect((await prepare(out, settings)).summary.reused).toBe(true)
      return
    }
    const failure = await failureOf(prepare(out, settings))
    expect(failure).toBeInstanceOf(UsageError)
    expect(failure.message).toMatch(new RegExp(`was not made from these inputs: ${reasons.join('; ')}$`))
    expect(failure.suggestions[0]).toMatch(/--overwrite/)
  })

  it('made from another proxy or other documents are refused, naming both', async () => {
    const more = join(newFolder(), 'corpus.jsonl')
    writeFileSync(more, `${readFileSync(documents, 'utf8')}{"text": "one more"}\n`)
    const failure = await failureOf(prepare(out, {'data.documents': more, 'data.proxy': other}))
    expect(failure.message).toMatch(/: documents changed; proxy changed$/)
  })

  it('made from another proxy name what is wrong with a broken one first', async () => {
    const broken = join(newFolder(), 'model')
    cpSync(proxy, broken, {recursive: true})
    const model = JSON.parse(readFileSync(join(proxy, 'config.json'), 'utf8'))
    const untied = {...model, tie_word_embeddings: !model.tie_word_embeddings}
    writeFileSync(join(broken, 'config.json'), JSON.stringify(untied))
    const failure = await failureOf(prepare(out, {'data.proxy': broken}))
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.suggestions.join()).toMatch(/tie_word_embeddings/)
  })

  it('do not replace a folder of something else', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'thesis.txt'), 'years of work')
    const failure = await failureOf(prepare(folder))
    expect(failure).toBeInstanceOf(UsageError)
    expect(readdirSync(folder)).toEqual(['thesis.txt'])
  })

  it('that were damaged are not opened and not reused', async () => {
    const damaged = join(newFolder(), 'data')
    cpSync(out, damaged, {recursive: true})
    writeFileSync(join(damaged, 'positions.arrow'), 'x')
    expect((await failureOf(openPrepared(damaged))).message).toMatch(/is damaged: .*positions\.arrow/)
    expect((await failureOf(prepare(damaged))).message).toMatch(/positions\.arrow has 1 bytes/)
  })
})

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

describe('rows and documents that do not fit', () => {
  const long = Array.from({length: 12}, (_, i) => `Window ${i}: after ${i} it is June, é \u{1f600}. `.repeat(20))
  const rows = [...texts.map((text) => ({text})), {text: ''}, ...long.map((text) => ({text})), {text: null}, {}]
  let file: string
  beforeAll(() => {
    file = join(newFolder(), 'mixed.jsonl')
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  })
  const fitting = async (policy: string, changes: Record<string, unknown> = {}) => {
    const out = join(newFolder(), 'data')
    const settings = {'data.documents': file, 'data.onBadRow': 'skip', 'data.onLongDocument': policy}
    const {summary, lines} = await prepare(out, {...settings, 'data.valDocuments': 6, ...changes})
    const manifest = json(out, 'manifest.json')
    expect(json(out, 'summary.json')).toMatchObject({
      bad_rows: manifest.bad_rows,
      long_documents: manifest.long_documents,
    })
    return {summary, lines, documents: documentsOf(out), positions: positionsOf(out)}
  }
  const bad = {left_out: 3, reasons: {empty: 1, missing: 1, null: 1}}

  it('are windows with the partition of their document, which spell it, and every window is scored', async () => {
    const {summary, lines, documents, positions} = await fitting('windows')
    expect(summary.documents.read).toBe(20)
    expect(summary.bad_rows).toEqual(bad)
    expect(summary.long_documents).toMatchObject({left_out: 0, cut: 0, windowed: 12})
    expect(summary.long_documents.windows).toBe(documents.length - 8)
    const whole = new Map<string, {text: string; partitions: Set<string>}>()
    for (const {doc_id, text, partition} of documents) {
      const own = whole.get(clusterOf(doc_id)) ?? {text: '', partitions: new Set()}
      whole.set(clusterOf(doc_id), {text: own.text + text, partitions: own.partitions.add(partition)})
    }
    const expected = rows.flatMap(({text}, i) => (text ? [[`mixed.jsonl:${i + 1}`, text]] : []))
    expect([...whole].map(([docId, {text}]) => [docId, text])).toEqual(expected)
    expect([...whole.values()].every(({partitions}) => partitions.size === 1)).toBe(true)
    expect([...whole.values()].filter(({partitions}) => partitions.has('val'))).toHaveLength(6)
    expect(new Set(positions.map(({doc_id}) => doc_id)).size).toBe(documents.length)
    expect(lines.filter((line) => /left out|windows/.test(line) && !/ box/.test(line))).toHaveLength(2)
  })

  it('are left out, and as many are held out as were asked for', async () => {
    const {summary, documents} = await fitting('skip')
    expect(summary.long_documents).toMatchObject({left_out: 12, windows: 0})
    expect(documents.map(({doc_id}) => doc_id)).toEqual(texts.map((_, i) => `mixed.jsonl:${i + 1}`))
    expect(summary.documents).toEqual({read: 20, train: 2, val: 6})
  })

  it('are cut at the end', async () => {
    const {summary, documents} = await fitting('cut')
    expect(summary.long_documents).toMatchObject({cut: 12, windows: 0})
    expect(documents.map(({token_ids}) => token_ids.length).filter((length) => length > 250)).toHaveLength(12)
    expect(Math.max(...documents.map(({token_ids}) => token_ids.length))).toBeLessThanOrEqual(256)
  })

  it('fit as they are where no model scores them', async () => {
    const {summary, documents} = await fitting('windows', {'data.documentsOnly': true})
    expect(summary.long_documents.windowed).toBe(0)
    expect(documents).toHaveLength(20)
  })

  it('are an error with the setting that helps, unless it is set', async () => {
    const failure = await failureOf(fitting('windows', {'data.onBadRow': 'error'}))
    expect(failure.message).toMatch(/mixed\.jsonl:9: field text is empty/)
    expect(failure.suggestions.at(-1)).toMatch(/^--set data\.onBadRow=skip/)
    const {suggestions} = await failureOf(fitting('error'))
    expect(suggestions.join()).toMatch(/--set data\.onLongDocument=windows/)
  })

  it('that have too few tokens are rows to be left out, and others are held out in their place', async () => {
    const short = join(newFolder(), 'short.jsonl')
    const words = [...texts, ...Array.from({length: 20}, (_, i) => String.fromCharCode(97 + i))]
    writeFileSync(short, words.map((text) => `${JSON.stringify({text})}\n`).join(''))
    const tokenizer = newFolder()
    const source = json(tiny, 'tokenizer.json')
    writeFileSync(join(tokenizer, 'tokenizer.json'), JSON.stringify({...source, post_processor: null}))
    const settings = {'data.tokenizer': tokenizer, 'data.documentsOnly': true, 'data.documents': short}
    const {summary} = await prepare(join(newFolder(), 'data'), {
      ...settings,
      'data.onBadRow': 'skip',
      'data.valDocuments': 4,
    })
    expect(summary.bad_rows).toEqual({left_out: 20, reasons: {'too-short': 20}})
    expect(summary.documents).toEqual({read: 28, train: 4, val: 4})
  })

  it('may be messages in the chat template, whose special tokens are no targets to train on', async () => {
    const chats = join(newFolder(), 'chats.jsonl')
    const messages = [
      {role: 'user', content: 'The red lamp?'},
      {role: 'assistant', content: 'It shows 3.'},
    ]
    writeFileSync(chats, `${JSON.stringify({messages})}\n`)
    const template = join(newFolder(), 'x.jinja')
    writeFileSync(template, '{% for m in messages %}{{ m.content }}<eos>{% endfor %}')
    const settings = {'data.documents': chats, 'data.textField': 'messages', 'data.valDocuments': 0}
    const run = fitting('error', {...settings, 'prompt.chatTemplateFile': template})
    const {documents, positions} = await run
    expect(documents[0].text).toBe('The red lamp?<eos>It shows 3.<eos>')
    const special = positions.filter(({target_bytes}) => Buffer.from(target_bytes).toString() === '<eos>')
    expect(special.map(({kept, reason}) => [kept, reason])).toEqual([
      [false, 'special-target'],
      [false, 'special-target'],
    ])
    const failure = await failureOf(fitting('error', settings))
    expect(failure.message).toMatch(/chats\.jsonl:1 holds messages, but the tokenizer has no chat template/)
  })
})

/** Nats, of the k most probable, made to add up to 1. */
function topEntropy(logprobs: readonly number[], k: number): number {
  const top = [...logprobs]
    .sort((a, b) => b - a)
    .slice(0, k)
    .map(Math.exp)
  const total = top.reduce((sum, p) => sum + p, 0)
  return -top.reduce((sum, p) => sum + (p / total) * Math.log(p / total), 0)
}
