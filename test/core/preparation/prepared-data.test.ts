import {cpSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {hashJson} from '../../../src/core/files/index.js'
import {causalPairs, forwardFlops} from '../../../src/core/models/flops.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {parameterCount} from '../../../src/core/models/parameters.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {readTokenizerFiles} from '../../../src/core/tokenizer/tokenizer-files.js'
import {DataError, UsageError} from '../../../src/core/util/errors.js'
import {readTensors} from '../../support/read-tensors.js'
import {referenceLogprobs} from '../../support/reference-decoder.js'
import {documentsOf, failureOf, json, makeWorkspace, positionsOf, type Run, texts, topEntropy} from './preparing.js'
import {makeAdapters, newFolder} from './small-checkpoint.js'

const {proxy, other, documents, prepare} = await makeWorkspace()

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

  it('are reused wherever the tokenizer and its chat template lie, and by the fingerprint that held their path', async () => {
    const [here, there, folder] = [newFolder(), newFolder(), join(newFolder(), 'data')]
    cpSync(proxy, here, {recursive: true})
    writeFileSync(join(here, 'chat_template.jinja'), '{{ messages[0].content }}')
    cpSync(here, there, {recursive: true})
    await prepare(folder, {'data.tokenizer': here})
    expect(json(folder, 'manifest.json').given).toEqual(['data.tokenizer', 'data.proxy'])
    expect((await prepare(folder, {'data.tokenizer': there})).summary.reused).toBe(true)
    const {fingerprint, config, chatTemplate} = readTokenizerFiles(there)
    const {bos_token, eos_token, pad_token, add_bos_token} = config
    const chat = JSON.stringify(chatTemplate)
    const tokenizer = hashJson({fingerprint, bos_token, eos_token, pad_token, add_bos_token, chat})
    const manifest = json(folder, 'manifest.json')
    const former = {...manifest, fingerprints: {...manifest.fingerprints, tokenizer}}
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(former))
    expect((await prepare(folder, {'data.tokenizer': there})).summary.reused).toBe(true)
    writeFileSync(join(there, 'chat_template.jinja'), '{{ messages[1].content }}')
    expect((await failureOf(prepare(folder, {'data.tokenizer': there}))).message).toMatch(/: tokenizer changed$/)
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

  it('that are replaced while they are read are refused: the manifest would be that of others', async () => {
    const folder = join(newFolder(), 'data')
    cpSync(out, folder, {recursive: true})
    // The tables are read when the call comes back; the tokenizer is still being read.
    const opening = openPrepared(folder)
    writeFileSync(join(folder, 'positions.arrow'), 'others')
    const failure = await failureOf(opening)
    expect(failure).toBeInstanceOf(DataError)
    expect(failure.message).toMatch(/were replaced while they were read: .*positions\.arrow is another one now/)
    expect(failure.suggestions).toEqual([expect.stringContaining('run the command again')])
  })
})
