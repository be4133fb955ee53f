import {cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {planOf} from '../../../src/core/planning/plan.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {positionsTable, readRows, writeTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {DataError, Interrupted, UsageError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {balancedOrder} from '../../../src/core/warm-start/balanced-order.js'
import type {WarmRow} from '../../../src/core/warm-start/make-row.js'
import {readProxyViews} from '../../../src/core/warm-start/proxy-views.js'
import {warmStart} from '../../../src/core/warm-start/warm-start.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let toy: ToyWorkspace
beforeAll(async () => {
  toy = await toyWorkspace(8)
})

const services = (changes: object = {}, lines: string[] = []) => toyServices({command: 'warm-start', ...changes}, lines)
const config = (out: string, changes: readonly string[] = []) =>
  toyConfig(toy, out, ['rollout.maxTokens=100', 'warmStart.rows=20', ...changes])
const rowsIn = (file: string): WarmRow[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('a warm start', () => {
  it('writes rows of training positions, each once, the same for the same seed', async () => {
    const summary = await warmStart(config('rows.jsonl'), services())
    const rows = rowsIn(summary.path)
    expect(rows).toHaveLength(20)
    const {documents} = await openPrepared(toy.data)
    for (const {doc_id} of rows) expect(documents.get(doc_id).partition).toBe('train')
    expect(new Set(rows.map(({doc_id, position}) => `${doc_id}@${position}`)).size).toBe(20)
    const counts = Object.values(summary.by_style).reduce((sum, count) => sum + count, 0)
    expect(summary).toMatchObject({rows: 20, by_difficulty: {hard: 20}, passed_over: {}, cut_prompts: 0})
    expect(counts).toBe(20)
    expect(summary.prompts).toMatch(/^template bare, 2 tokens/)
    const textOf = async (out: string, changes: string[]) =>
      readFileSync((await warmStart(config(out, changes), services())).path, 'utf8')
    const text = readFileSync(summary.path, 'utf8')
    expect(await textOf('again.jsonl', [])).toBe(text)
    expect(await textOf('other.jsonl', ['seed=1'])).not.toBe(text)
  })

  it('is read by objective sft, which finds its template', async () => {
    const {path} = await warmStart(config('for-sft.jsonl'), services())
    const lines: string[] = []
    const sft = toyConfig(toy, 'sft', ['train.objective=sft', `sft.completions=${path}`, 'train.steps=1'])
    await train(sft, toyServices({}, lines))
    expect(lines.join('\n')).toMatch(/are in template bare; evaluations use it/)
  })

  it('replaces earlier rows only where that is asked for, and nothing else ever', async () => {
    const at = (name: string) => join(toy.folder, name)
    const {path} = await warmStart(config('first.jsonl'), services())
    const error = await warmStart(config('first.jsonl'), services()).catch((caught) => caught)
    expect(error).toBeInstanceOf(UsageError)
    expect(error.suggestions[0]).toMatch(/--overwrite/)
    await warmStart(config('first.jsonl', ['warmStart.rows=3']), services({overwrite: true}))
    expect(rowsIn(path)).toHaveLength(3)
    writeFileSync(at('mine.jsonl'), '{"prompt": "a", "completion": "b"}\n')
    await expect(warmStart(config('mine.jsonl'), services({overwrite: true}))).rejects.toThrow(/rpt did not write it/)
    expect(readFileSync(at('mine.jsonl'), 'utf8')).toContain('"completion": "b"')
  })

  it('writes nothing where the prepared data are replaced before it reads what the proxy thought', async () => {
    const data = join(toy.folder, 'replaced')
    cpSync(toy.data, data, {recursive: true})
    const positions = join(data, 'positions.arrow')
    const others = [...readRows(positions, positionsTable)].map((row) => ({...row, top1_id: 0}))
    await writeTable(join(toy.folder, 'others.arrow'), positionsTable, others)
    const stage = () => {
      renameSync(join(toy.folder, 'others.arrow'), positions)
      return silentProgress.stage('', 0, '')
    }
    const replaced = config('replaced.jsonl', [`data.dir=${data}`])
    const making = warmStart(replaced, services({progress: {...silentProgress, stage}}))
    await expect(making).rejects.toThrow(/were replaced while they were read: .*positions\.arrow is another one now/)
    expect(existsSync(join(toy.folder, 'replaced.jsonl'))).toBe(false)
  })

  it('leaves nothing behind where there are too few positions, or it is stopped', async () => {
    const before = readdirSync(toy.folder)
    const tooMany = warmStart(config('many.jsonl', ['warmStart.rows=100000']), services())
    const error = await tooMany.catch((caught) => caught)
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toMatch(/training positions for \d+ rows; --rows is 100000$/)
    expect(error.suggestions[0]).toMatch(/^give --rows \d+$/)
    const stopped = services({signal: AbortSignal.abort()})
    await expect(warmStart(config('stopped.jsonl'), stopped)).rejects.toThrow(Interrupted)
    // A killed process cannot tidy up: the next one does, and no process has this id.
    writeFileSync(join(toy.folder, `stopped.jsonl.rpt-tmp-${2 ** 22 + 1}`), '{"prompt": "')
    await expect(warmStart(config('stopped.jsonl'), stopped)).rejects.toThrow(Interrupted)
    expect(readdirSync(toy.folder)).toEqual(before)
  })

  it('says what was passed over', async () => {
    const lines: string[] = []
    const {longest_tokens} = await warmStart(config('long.jsonl'), services())
    const short = [`train.maxRowTokens=${longest_tokens - 1}`]
    const {passed_over} = await warmStart(config('short.jsonl', short), services({}, lines))
    expect(passed_over['too-long']).toBeGreaterThan(0)
    expect(lines.join('\n')).toMatch(/20 rows; positions passed over: \d+ \(longer than rollout\.maxTokens or/)
  })

  it('is rehearsed: the same checks, nothing written', async () => {
    const plan = await planOf('warm-start', config('planned.jsonl'), services())
    expect(plan.batch[0]).toMatch(/^20 rows, thoughts of styles brief, /)
    expect(plan.prompts).toEqual(['template bare, 2 tokens besides the context'])
    expect(plan.files).toEqual([join(toy.folder, 'planned.jsonl')])
    expect(existsSync(join(toy.folder, 'planned.jsonl'))).toBe(false)
    const later = await planOf('warm-start', config('planned.jsonl', ['data.dir=later']), services())
    expect(later.missing[0]).toMatch(/rpt prepare-data writes it/)
    await expect(planOf('warm-start', config('x', ['rollout.maxTokens=300']), services())).rejects.toThrow(UsageError)
  })

  it('needs an end token that ends completions too', async () => {
    const {base, folder} = toy
    const other = join(folder, 'other-end')
    cpSync(base, other, {recursive: true})
    const file = join(other, 'config.json')
    writeFileSync(file, JSON.stringify({...JSON.parse(readFileSync(file, 'utf8')), eos_token_id: 5}))
    await expect(warmStart(config('y.jsonl', [`model.path=${other}`]), services())).rejects.toThrow(/is id 2; .* at 5$/)
  })
})

it('views of the proxy are those of the training positions, by their number', async () => {
  const {trainPositions} = await openPrepared(toy.data)
  const views = readProxyViews(toy.data, trainPositions.length)
  const kept = [...readRows(join(toy.data, 'positions.arrow'), positionsTable)].filter(
    (row) => row.kept && row.partition === 'train',
  )
  expect(kept.map((_, index) => views.at(index))).toEqual(
    kept.map(({entropy, top1_id}) => ({entropy, top1Id: top1_id})),
  )
  expect(kept).toHaveLength(trainPositions.length)
})

it('difficulties take turns for as long as they last', () => {
  const difficulties = ['hard', 'easy', 'hard', 'none', 'easy', 'hard', 'hard'] as const
  const targets = difficulties.map((difficulty) => ({difficulty}))
  const order = [...balancedOrder(targets, 3)]
  expect(order.map((index) => difficulties[index])).toEqual(['hard', 'easy', 'none', 'hard', 'easy', 'hard', 'hard'])
  expect(new Set(order).size).toBe(7)
  expect([...balancedOrder(targets, 3)]).toEqual(order)
  const orders = [0, 1, 2, 3, 4, 5].map((seed) => [...balancedOrder(targets, seed)].join())
  expect(new Set(orders).size).toBeGreaterThan(1)
})

it('the order within a difficulty is its own', () => {
  const targets = Array.from({length: 40}, (_, i) => ({difficulty: i < 20 ? ('easy' as const) : ('hard' as const)}))
  const order = [...balancedOrder(targets, 3)]
  const hard = order.filter((index) => index >= 20).map((index) => index - 20)
  expect(hard).not.toEqual(order.filter((index) => index < 20))
})
