import {cpSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {rolloutFlops} from '../../../src/core/models/flops.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {parameterCount} from '../../../src/core/models/parameters.js'
import {prepareData} from '../../../src/core/preparation/prepare-data.js'
import {heldOutInexpressible} from '../../../src/core/prepared/inexpressible.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {Interrupted, UsageError} from '../../../src/core/util/errors.js'
import {meanOf} from '../../../src/core/util/means.js'
import {toyServices} from '../../support/toy-run.js'
import {bare, inMode, ToyEvaluations} from './toy-evaluations.js'

let toy: ToyEvaluations
beforeAll(async () => {
  toy = await ToyEvaluations.make()
})

const base = () => [`model.path=${toy.base}`]

describe('a thought to force', () => {
  const asked = ['eval.modes=[standard,forced-thought]', ...bare]

  it('is asked for where there is none, also by evaluations while training', async () => {
    const message = /eval\.modes contains forced-thought, but eval\.forcedThought is empty/
    const failed = toy.run([...base(), ...asked])
    await expect(failed).rejects.toThrow(UsageError)
    await expect(failed).rejects.toThrow(message)
    await expect(toy.trained('unforced', [...asked, 'eval.every=1'])).rejects.toThrow(message)
  })

  it('is not asked for where it is there, or nothing is evaluated', async () => {
    const {predictions} = await toy.run([...base(), ...asked, 'eval.forcedThought= a b'])
    const forced = predictions.filter(inMode('forced-thought'))
    expect(forced.length).toBeGreaterThan(0)
    expect(forced.every(({completion_text: text}) => text!.includes(' a b</think>'))).toBe(true)
    await toy.trained('unevaluated', [...asked, 'eval.every=0'])
  })
})

describe('an evaluation that is stopped', () => {
  const other = () => {
    const folder = join(toy.folder, 'second')
    cpSync(toy.base, folder, {recursive: true})
    return folder
  }
  /** Stops when a mode has been graded so many times. */
  const stoppedAfter = async (out: string, grades: number) => {
    const stop = new AbortController()
    let done = 0
    const services = toyServices({command: 'eval', signal: stop.signal})
    const stage: typeof services.progress.stage = (...given) => {
      if (given[0].startsWith('evaluate ') && done++ === grades) stop.abort()
      return services.progress.stage(...given)
    }
    const models = [`eval.models=${JSON.stringify([toy.base, other()])}`, 'eval.modes=[reasoning]', ...bare]
    const {config, sources} = toy.load('eval', models, out)
    return evaluate(config, {...services, sources, progress: {...services.progress, stage}}).catch((error) => error)
  }

  it('says that nothing is saved during the first model', async () => {
    const error = await stoppedAfter('stopped-first', 0)
    expect(error).toBeInstanceOf(Interrupted)
    expect(error.message).toMatch(/^evaluation stopped during base step-000000, the first; nothing is saved$/)
    expect(error.suggestions.join()).not.toContain('--resume')
  })

  it('names what is saved during the second', async () => {
    const error = await stoppedAfter('stopped-second', 1)
    expect(error.message).toMatch(
      /during second step-000000, which is not saved; saved in eval.arrow: base step-000000$/,
    )
    expect(error.suggestions).toEqual(['continue with --resume'])
  })
})

describe('contexts', () => {
  it('are the same in modes standard and reasoning, whichever are asked for', async () => {
    const cut = [...base(), ...bare, 'prompt.maxTokens=5']
    const both = await toy.run([...cut, 'eval.modes=[standard,reasoning]'])
    const [standard, reasoning] = ['standard', 'reasoning'].map((mode) => both.predictions.filter(inMode(mode)))
    expect(standard.map(({cut_tokens}) => cut_tokens)).toEqual(reasoning.map(({cut_tokens}) => cut_tokens))
    expect(Math.max(...standard.map(({cut_tokens}) => cut_tokens))).toBeGreaterThan(2)
    expect(both.lines).toMatch(
      /mode standard: the contexts of \d+ of \d+ positions are cut .*as mode reasoning cuts them/,
    )
    expect(both.lines).toMatch(
      /mode reasoning: the contexts of \d+ of \d+ positions are cut from the left, by \d+ tokens/,
    )
    const alone = await toy.run([...cut, 'eval.modes=standard'])
    expect(alone.predictions).toEqual(standard)
    const means = both.summary.rows.map(({cut_tokens}) => cut_tokens)
    expect(new Set(means).size).toBe(1)
    expect(means[0]).toBeGreaterThan(0)
  })

  it('that are not cut are predicted as ever, and cut ones as a document that begins there', async () => {
    const standard = [...base(), ...bare, 'eval.modes=standard']
    const whole = await toy.run([...standard, 'prompt.maxTokens=5', 'eval.standardContext=whole'])
    const roomy = await toy.run([...standard, 'prompt.maxTokens=100'])
    const cut = await toy.run([...standard, 'prompt.maxTokens=5'])
    expect(whole.predictions).toEqual(roomy.predictions)
    expect(whole.predictions.every(({cut_tokens}) => cut_tokens === 0)).toBe(true)
    const kept = cut.predictions.flatMap((row, i) => (row.cut_tokens === 0 ? [[row, roomy.predictions[i]]] : []))
    expect(kept.length).toBeGreaterThan(1)
    for (const [own, other] of kept) expect(own).toEqual(other)
    const engine = new LocalEngine({device: 'cpu', threads: 1})
    await engine.load({checkpoint: toy.base})
    const {documents, tokenizer} = await openPrepared(toy.data)
    for (const {doc_id, position, cut_tokens, prediction} of cut.predictions.filter((row) => row.cut_tokens > 0)) {
      const {tokenIds} = documents.get(doc_id)!
      const seen = [...tokenIds.subarray(0, 1), ...tokenIds.subarray(1 + cut_tokens, position + 1)]
      const [{top1}] = await engine.score([Int32Array.from(seen)], {topK: 16, batchTokens: 256})
      expect(prediction).toEqual(tokenizer.bytesOf(top1.at(-1)!))
    }
    await engine.close()
  })

  it('of documents beyond the positions of the model need the cut', async () => {
    const long = join(toy.folder, 'long')
    mkdirSync(long)
    const text = Array.from({length: 300}, (_, i) => 'ABC'[i % 3]).join(' ')
    writeFileSync(join(long, 'corpus.jsonl'), [text, `B ${text}`].map((one) => JSON.stringify({text: one})).join('\n'))
    // A proxy with more positions prepares what the model that is evaluated cannot take whole.
    const proxy = join(long, 'proxy')
    mkdirSync(proxy)
    for (const name of ['model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
      writeFileSync(join(proxy, name), readFileSync(join(toy.base, name)))
    const config = JSON.parse(readFileSync(join(toy.base, 'config.json'), 'utf8'))
    writeFileSync(join(proxy, 'config.json'), JSON.stringify({...config, max_position_embeddings: 512}))
    const data = join(long, 'data')
    const sets = [`data.documents=${join(long, 'corpus.jsonl')}`, `data.proxy=${proxy}`, `out=${data}`]
    const more = ['data.valDocuments=1', 'data.thresholds=[0,0,0]', 'threads=1']
    await prepareData(loadConfig({command: 'prepare-data', sets: [...sets, ...more], cwd: long}).config, toyServices())
    const standard = [...base(), ...bare, 'eval.modes=standard', `data.dir=${data}`]
    const {predictions} = await toy.run(standard)
    expect(predictions.filter(({cut_tokens}) => cut_tokens > 0).length).toBeGreaterThan(40)
    await expect(toy.run([...standard, 'eval.standardContext=whole'])).rejects.toThrow(/tokens; the model takes 256/)
    const noPrompt = [...standard, 'rollout.maxTokens=8192']
    await expect(toy.run(noPrompt)).rejects.toMatchObject({exitCode: 3, message: expect.stringMatching(/takes 256/)})
  })

  it('are whole, and it is said why, where mode reasoning would have no prompt', async () => {
    const {lines, predictions} = await toy.run([...base(), 'eval.modes=standard', 'rollout.maxTokens=8192'])
    expect(lines).toMatch(/sees whole contexts, because .*rollout.maxTokens is 8192/)
    expect(predictions.every(({cut_tokens}) => cut_tokens === 0)).toBe(true)
  })
})

describe('what a prediction costs', () => {
  it('is its prompt once and what is written after it', async () => {
    const {summary, predictions} = await toy.run([...base(), ...bare, 'eval.modes=[standard,reasoning,empty-thought]'])
    const {tokenizer} = await openPrepared(toy.data)
    const [standard, reasoning, empty] = ['standard', 'reasoning', 'empty-thought'].map(
      (mode) => summary.rows.find((row) => row.mode === mode && row.split === 'all')!,
    )
    const lengths = predictions.filter(inMode('standard')).map(({position}) => position)
    expect(standard.prompt_tokens).toBeCloseTo(meanOf(lengths), 9)
    expect(standard.written_tokens).toBe(0)
    const model = await readModelConfig(toy.base)
    const shape = {...model, parameterCount: parameterCount(model)}
    const one = lengths.map((promptTokens) => rolloutFlops(shape, [{promptTokens, completionTokens: [1]}]))
    expect(standard.flops! / meanOf(one)).toBeCloseTo(1, 9)
    // Template bare ends in <think>.
    expect(reasoning.prompt_tokens).toBe(standard.prompt_tokens! + 1)
    expect(reasoning.written_tokens).toBeGreaterThan(1)
    expect(reasoning.written_tokens).toBeLessThanOrEqual(6)
    expect(reasoning.flops).toBeGreaterThan(standard.flops!)
    const thought = tokenizer.encodeMarkup('</think>').length
    expect(empty.prompt_tokens! - reasoning.prompt_tokens!).toBeCloseTo(thought, 9)
  })
})

describe('samples', () => {
  it('give pass@k for each k by the unbiased estimator; pass_at_k is that of the largest', async () => {
    const sets = [...base(), ...bare, 'eval.samples=4', 'eval.modes=reasoning', 'eval.temperature=1']
    const {summary, predictions} = await toy.run([...sets, 'eval.passAtK=[4,1,2,4]'])
    const row = summary.rows.find(({split}) => split === 'all')!
    const drawn = predictions.filter(({sample}) => sample > 0)
    expect(Object.keys(row.pass_at!)).toEqual(['1', '2', '4'])
    expect(row.pass_at![1]).toBeCloseTo(drawn.filter(({correct}) => correct).length / drawn.length, 12)
    expect(row.pass_at_k).toBe(row.pass_at![4])
    for (const k of [1, 2, 4]) {
      expect(row.pass_at_low![k]).toBeLessThanOrEqual(row.pass_at![k])
      expect(row.pass_at_high![k]).toBeGreaterThanOrEqual(row.pass_at![k])
    }
    expect(row.pass_at_high![1]).toBeGreaterThan(row.pass_at_low![1])
    expect(row.pass_at![2]).toBeGreaterThanOrEqual(row.pass_at![1])
    const {summary: plain} = await toy.run(sets)
    expect(plain.rows[0].pass_at).toEqual({4: row.pass_at_k})
  })

  it('must be as many as the largest k', () => {
    for (const samples of [0, 4])
      expect(() => toy.load('eval', [`eval.samples=${samples}`, 'eval.passAtK=1,8'], 'x')).toThrow(
        new RegExp(`eval\\.passAtK is \\[1,8\\].*eval\\.samples, which is ${samples}; give --samples 8`),
      )
  })
})

describe('what is listed twice counts once', () => {
  it('modes and models, whichever way a checkpoint is named', async () => {
    const models = `eval.models=[${toy.base},${toy.base},${join(toy.base, '..', 'base')}/]`
    const {summary} = await toy.run([models, ...bare, 'eval.modes=[standard,standard]'])
    expect(summary.models).toHaveLength(1)
    expect(summary.rows.map(({split}) => split)).toEqual([...new Set(summary.rows.map(({split}) => split))])
  })
})

describe('an interval', () => {
  it('is null with positions of one document, and that is said', async () => {
    const {summary, lines} = await toy.run([...base(), ...bare, 'eval.limit=1'])
    expect(summary.rows.every(({ci_low, ci_high}) => ci_low === null && ci_high === null)).toBe(true)
    expect(lines).toMatch(/no interval on all, easy, medium, hard: .*two documents/)
  })
})

describe('outcomes', () => {
  it('are counted, with what to try where next to nothing is right', async () => {
    const {lines} = await toy.run([...base(), ...bare, 'rollout.maxTokens=1', 'eval.modes=reasoning'])
    expect(lines).toMatch(/mode reasoning: of (\d+) completions \1 truncated/)
    expect(lines).toMatch(/0 of \d+ are right; most common is truncated .*rollout.maxTokens, which is 1; raise it/)
    const {lines: fine} = await toy.run([...base(), ...bare, 'eval.modes=reasoning'])
    expect(fine).toMatch(/\d+ parsed/)
    expect(fine).not.toMatch(/most common/)
  })
})

describe('positions that no box can hold', () => {
  it('are in no split of any mode; their number and the accuracy with them as wrong are told, limit or not', async () => {
    const folder = join(toy.folder, 'braces')
    mkdirSync(folder)
    const texts = ['A {B} C {A} B', 'B {C A} B C', 'A } B C A B', 'C A {B C}', 'A B C A B C', 'B C } A']
    writeFileSync(join(folder, 'corpus.jsonl'), texts.map((text) => JSON.stringify({text})).join('\n'))
    const data = join(folder, 'data')
    const sets = [`data.documents=${join(folder, 'corpus.jsonl')}`, `data.proxy=${toy.base}`, `out=${data}`]
    const more = ['data.valDocuments=5', 'data.thresholds=[0,0.5,3]', 'threads=1']
    await prepareData(
      loadConfig({command: 'prepare-data', sets: [...sets, ...more], cwd: folder}).config,
      toyServices(),
    )
    const prepared = await openPrepared(data)
    const left = heldOutInexpressible(prepared)!
    const total = left.easy + left.medium + left.hard
    expect(total).toBeGreaterThan(3)
    const all = prepared.heldOutPositions.length + total
    for (const limit of [[], ['eval.limit=6']]) {
      const {summary, lines} = await toy.run([...base(), ...bare, `data.dir=${data}`, ...limit])
      const rows = summary.rows.filter(({split}) => split === 'all')
      expect(rows.map(({mode, inexpressible}) => [mode, inexpressible])).toEqual([
        ['standard', total],
        ['reasoning', total],
      ])
      for (const row of rows) {
        expect(row.count).toBe(limit.length > 0 ? 6 : all - total)
        expect(row.accuracy_if_wrong).toBeCloseTo((row.accuracy * (all - total)) / all, 12)
      }
      expect(lines).toMatch(new RegExp(`no box can hold, left out in every mode: all ${total}`))
      if (limit.length === 0) expect(rows[0].accuracy_if_wrong).toBeCloseTo(rows[0].correct / all, 12)
    }
    const {lines} = await toy.run([...base(), ...bare, `data.dir=${data}`, 'reward.maxReferenceTokens=2'])
    expect(lines).toMatch(/prepared with reward.maxReferenceTokens 32, .*this command has 2/)
  })
})
