import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeAll, describe, expect, it, vi} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {ComputeMeter} from '../../../src/core/evaluation/compute-meter.js'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {evaluationCompute} from '../../../src/core/evaluation/evaluation-compute.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {parameterCount} from '../../../src/core/models/parameters.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {type EvalRow, evalTable, nullsOf, readTable, writeTable} from '../../../src/core/tables/index.js'
import {countAnswerTokens} from '../../../src/core/tasks/answer-tokens.js'
import {sumOf} from '../../../src/core/util/means.js'
import {type ToyWorkspace, toyServices, toyWorkspace} from '../../support/toy-run.js'

// The engine runs in this thread, where its calls can be seen.
vi.mock('../../../src/core/engine/start-engine.js', () => ({
  startEngine: () => new LocalEngine({device: 'cpu', threads: 1}),
}))

let toy: ToyWorkspace
beforeAll(async () => {
  toy = await toyWorkspace()
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** Of the toy model: 2 layers of 4 heads of 4, 2 of them for keys and values, width 16 and 32, 722 tokens. */
const perToken = 2 * 2 * (2 * 16 * 4 * (4 + 2) + 3 * 16 * 32)
const perPair = 4 * 2 * 4 * 4
const perLogits = 2 * 16 * 722

/** FLOPs of the tokens at indices `from` to `to` - 1, one after the other. */
function passOver(from: number, to: number): number {
  let flops = 0
  for (let index = from; index < to; index++) flops += perToken + perPair * (index + 1)
  return flops
}

async function evaluated(out: string, ...sets: readonly string[]) {
  const {config, sources} = loadConfig({
    command: 'eval',
    sets: [
      ...[`data.dir=${toy.data}`, `model.path=${toy.base}`, `out=${join(toy.folder, out)}`, 'threads=1'],
      ...['eval.bootstraps=5', 'prompt.template=bare', 'rollout.maxTokens=6', ...sets],
    ],
    cwd: toy.folder,
  })
  const resume = existsSync(config.out!)
  const lines: string[] = []
  const summary = await evaluate(config, {...toyServices({command: 'eval', resume}, lines), sources})
  return {...summary, lines}
}

describe('what an evaluation takes', () => {
  it('in mode standard is one pass over each document, however many of its positions are asked for', async () => {
    const {compute, rows} = await evaluated('standard', 'eval.modes=[standard]')
    const {lengths} = (await openPrepared(toy.data)).documents.in('val')
    const passes = Array.from(lengths, (length) => passOver(0, length - 1) + (length - 1) * perLogits)
    expect(compute).toEqual({
      flops_generation: 0,
      flops_scoring: sumOf(passes),
      flops_update: 0,
      flops: sumOf(passes),
      tokens: sumOf([...lengths]),
      step_seconds: rows[0].mode_seconds,
    })
    expect(rows[0].answer_tokens).toBe(1)
  })

  it('in mode reasoning is the prompt, greedy and sampled completions, samples sharing their prompt', async () => {
    const rollout = vi.spyOn(LocalEngine.prototype, 'rollout')
    const {compute, rows} = await evaluated('reasoning', 'eval.modes=[reasoning]', 'eval.samples=3', 'eval.limit=5')
    let [flops, tokens] = [0, 0]
    for (const [i, [{prompts}]] of rollout.mock.calls.entries()) {
      const {groups} = await rollout.mock.results[i].value
      for (const [j, {ids}] of prompts.entries()) {
        flops += passOver(0, ids.length)
        for (const {ids: written} of groups[j]) {
          // The last token that is written is never read.
          flops += passOver(ids.length, ids.length + written.length - 1) + written.length * perLogits
          tokens += written.length
        }
      }
    }
    expect(compute).toMatchObject({flops_generation: flops, flops_scoring: 0, flops_update: 0, flops, tokens})
    expect(compute!.step_seconds).toBeGreaterThan(0)
    expect(rows.every((row) => row.mode_tokens === tokens)).toBe(true)
  })

  it('is in summary.json, and is that of the earlier attempt where a resumed one has nothing left to do', async () => {
    const first = await evaluated('again', 'eval.modes=[standard,reasoning]', 'eval.limit=4')
    const again = await evaluated('again', 'eval.modes=[standard,reasoning]', 'eval.limit=4')
    expect(again.compute).toEqual(first.compute)
    expect(again.lines.filter((line) => line.includes('compute'))).toEqual([])
    expect(first.compute!.flops_scoring).toBeGreaterThan(0)
    expect(first.compute!.flops_generation).toBeGreaterThan(first.compute!.flops_scoring)
    const stored = JSON.parse(readFileSync(join(toy.folder, 'again', 'summary.json'), 'utf8'))
    expect(stored.compute).toEqual(first.compute)
  })

  it('by choice is a pass over the prompt and each option, with logits for the option alone', async () => {
    const model = await readModelConfig(toy.base)
    const meter = new ComputeMeter({...model, parameterCount: parameterCount(model)})
    const engine = {watch() {}, score: async () => [], logprobs: async () => [Float32Array.of(-1), Float32Array.of(-2)]}
    const ask = (continuation: number) => ({
      of: 'policy' as const,
      prompt: new Int32Array(7),
      continuation: new Int32Array(continuation),
    })
    const answers = await meter.engine(engine).logprobs([ask(1), ask(3)], {batchTokens: 64})
    expect(answers).toEqual([Float32Array.of(-1), Float32Array.of(-2)])
    expect(meter.spent).toMatchObject({
      flops_generation: 0,
      flops_scoring: passOver(0, 7) + passOver(0, 9) + 4 * perLogits,
      tokens: 8 + 10,
    })
  })

  it('is that of each mode of each checkpoint of a run, whatever number of splits has a row of it', () => {
    const took = {mode_flops_generation: 1, mode_flops_scoring: 2, mode_tokens: 3, mode_seconds: 4}
    const rows = [10, 10, 20].flatMap((step) => (['standard', 'reasoning'] as const).map((mode) => ({step, mode})))
    const counted = rows.map((row) => ({run: 'rpt', ...row, ...took}))
    expect(
      evaluationCompute(counted, {command: 'eval', field: 'compute', file: 'eval.arrow'}, {warn: expect.fail}),
    ).toEqual({
      ...{flops: 12, flops_generation: 4, flops_scoring: 8, flops_update: 0},
      ...{tokens: 12, step_seconds: 16},
    })
  })

  it('is not known where an older version made some of the rows, which is said once', async () => {
    const file = join(toy.folder, 'again', 'eval.arrow')
    const rows = readTable(file, evalTable)
    const uncounted = nullsOf(evalTable)
    const older = rows.map((row): EvalRow => (row.mode === 'reasoning' ? {...row, ...uncounted} : row))
    await writeTable(file, evalTable, older)
    const {compute, lines} = await evaluated('again', 'eval.modes=[standard,reasoning]', 'eval.limit=4')
    expect(compute).toBeNull()
    expect(JSON.parse(readFileSync(join(toy.folder, 'again', 'summary.json'), 'utf8')).compute).toBeNull()
    expect(lines.filter((line) => line.includes('compute'))).toEqual([
      'eval: compute is null in summary.json: an older version of rpt, which did not count it, made 1 of 2 parts of eval.arrow; the first is base step-000000, mode reasoning',
    ])
  })
})

describe('tokens of an answer', () => {
  const vocabulary = ['</think>', '\\boxed{', '{', ' A', ' B', '}', ' B}', 'x', '\\boxed{ A} '].map((text) =>
    Buffer.from(text),
  )
  const count = (...ids: number[]) =>
    countAnswerTokens({bytesOf: (id: number) => new Uint8Array(vocabulary[id])}, Int32Array.from(ids))

  it('are those with a byte in the last box after the thought', () => {
    expect(count(7, 8, 0, 1, 3, 4, 5, 7)).toBe(2)
    expect(count(0, 1, 3, 6)).toBe(2)
    expect(count(0, 8)).toBe(1)
    expect(count(0, 1, 3, 5, 1, 2, 4, 5, 5)).toBe(3)
  })

  it('are none in an empty box', () => {
    expect(count(0, 1, 5)).toBe(0)
  })
})
