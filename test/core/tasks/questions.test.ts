import {cpSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {evaluationNeeds} from '../../../src/core/evaluation/evaluated-task.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {withoutDocuments} from '../../../src/core/prepared/prepared.js'
import {inspect} from '../../../src/core/report/inspect.js'
import type {RunInspection} from '../../../src/core/report/inspection.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {renderInspect} from '../../../src/core/report/render-inspect.js'
import {sampleRollouts} from '../../../src/core/report/rollout-sample.js'
import {metricsTable, predictionsTable, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {questions} from '../../../src/core/tasks/questions.js'
import type {Task} from '../../../src/core/tasks/task.js'
import {train} from '../../../src/core/training/train.js'
import {DataError, UsageError} from '../../../src/core/util/errors.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
let settings: string[]

/** Questions of three letters, whose answer is the letter that comes next. */
beforeAll(async () => {
  workspace = await toyWorkspace()
  const rows = Array.from({length: 20}, (_, i) => ({
    question: Array.from({length: 2 + i}, (__, t) => 'ABC'[t % 3]).join(' '),
    answer: `because\n#### ${'ABC'[(2 + i) % 3]}`,
  }))
  const file = join(workspace.folder, 'questions.jsonl')
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  settings = [
    'train.objective=rlvr',
    `data.questions=${file}`,
    'data.verifier=exact',
    'data.valDocuments=5',
    'prompt.questionTemplate=bare',
    'rollout.maxTokens=8',
    'data.dir=null',
  ]
})

const config = (out: string, changes: readonly string[] = []) => toyConfig(workspace, out, [...settings, ...changes])

/** Evaluates the run of the first test below as a user would, with nothing given but the task and the file. */
function evaluationOf(out: string, changes: readonly string[], lines: string[] = []) {
  const {config: own, sources} = loadConfig({
    sets: [
      `model.path=${join(workspace.folder, 'run')}`,
      `data.questions=${join(workspace.folder, 'questions.jsonl')}`,
      'eval.task=questions',
      'threads=1',
      `out=${join(workspace.folder, out)}`,
      ...changes,
    ],
    cwd: workspace.folder,
  })
  return evaluate(own, toyServices({command: 'eval', sources}, lines))
}

async function open(changes: readonly string[] = []): Promise<Task<unknown>> {
  const data = await withoutDocuments(workspace.base)
  return questions.open({config: config('x', changes), data, model: await readModelConfig(workspace.base)})
}

describe('questions as a task', () => {
  it('hold some out, and ask each in the template for questions', async () => {
    const task = await open()
    expect(task.size).toEqual({train: 15, val: 5})
    const item = task.itemAt('train', 0)
    const {key, ids, cutTokens} = task.promptOf(item, 100)
    const {tokenizer} = await withoutDocuments(workspace.base)
    expect(tokenizer.decode(ids)).toMatch(/^<bos>A B( [ABC])*<think>$/)
    expect(key).toEqual({source: expect.stringMatching(/^questions\.jsonl:\d+$/), index: 0})
    expect(cutTokens).toBe(0)
    expect(task.factsOf(item)).toMatchObject({stratum: 'all', cluster: key.source})
    const longest = Array.from({length: 15}, (_, i) => task.promptOf(task.itemAt('train', i), 100).ids.length)
    expect(task.longestPrompt('train')).toBe(Math.max(...longest))
  })

  const plain = '{context} ='
  it.each([
    [plain, '\\boxed{T}', 'end-of-text', 'parsed', true],
    [plain, 'a thought</think>\\boxed{ T}', 'end-of-text', 'parsed', true],
    [plain, '\\boxed{T}</think>nothing', 'end-of-text', 'no-box', false],
    [plain, 'first \\boxed{Q}, then \\boxed{T}', 'end-of-text', 'parsed', true],
    [plain, '\\boxed{Q}', 'end-of-text', 'parsed', false],
    [plain, '\\boxed{T} and on and on', 'length', 'parsed', true],
    [plain, 'on and on', 'length', 'truncated', false],
    [plain, 'T', 'end-of-text', 'no-box', false],
    [plain, '<think>so \\boxed{T}. But wait', 'length', 'truncated', false],
    [plain, '<think>so \\boxed{T}', 'end-of-text', 'unfinished-thinking', false],
    [plain, '<think>so</think>\\boxed{T} and on', 'length', 'parsed', true],
    ['bare', 'so \\boxed{T}. But wait', 'length', 'truncated', false],
    ['bare', 'so \\boxed{T}', 'end-of-text', 'unfinished-thinking', false],
    ['bare', 'so</think>\\boxed{T} and on', 'length', 'parsed', true],
    ['bare', 'so</think>T', 'end-of-text', 'no-box', false],
  ] as const)(
    'asked in %s, %s, ended by %s, is %s and right: %s',
    async (template, text, stopReason, outcome, correct) => {
      const task = await open([`prompt.questionTemplate=${template}`])
      const {tokenizer} = await withoutDocuments(workspace.base)
      const item = task.itemAt('train', 0)
      const truth = Buffer.from(task.factsOf(item).truth).toString()
      const ids = tokenizer.encodeMarkup(text.replaceAll('T', truth))
      const verdict = task.grade(item, {ids, oldLogprobs: new Float32Array(), stopReason})
      expect(verdict).toMatchObject({outcome, correct})
      expect(verdict.answer === null).toBe(outcome !== 'parsed')
      expect(verdict.explanation).not.toBe('')
    },
  )

  it('have their texts in the columns that settings name', async () => {
    const file = join(workspace.folder, 'columns.jsonl')
    const rows = Array.from({length: 20}, (_, i) => ({
      problem: `A ${i}`,
      solution: `#### ${i}`,
      question: 'B',
      answer: 'C',
    }))
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    const task = await open([`data.questions=${file}`, 'data.questionField=problem', 'data.answerField=solution'])
    const item = task.itemAt('train', 0)
    const number = Buffer.from(task.factsOf(item).truth).toString()
    const {tokenizer} = await withoutDocuments(workspace.base)
    const asked = tokenizer.encodeMarkup(`A ${number}`)
    expect(Number(number)).toBeGreaterThanOrEqual(0)
    expect([...task.promptOf(item, 100).ids].join(' ')).toContain([...asked].join(' '))
  })

  it('without a truth are refused by file and row', async () => {
    const file = join(workspace.folder, 'no-truth.jsonl')
    writeFileSync(file, `${JSON.stringify({question: 'A', answer: 'because\n#### '})}\n`)
    const failure = open([`data.questions=${file}`, 'data.valDocuments=0'])
    await expect(failure).rejects.toThrow(DataError)
    await expect(failure).rejects.toThrow('no-truth.jsonl:1: field answer has no answer')
    await expect(failure).rejects.toMatchObject({suggestions: [expect.stringContaining('data.onBadRow=skip')]})
  })

  it('without a truth can be left out, and are counted', async () => {
    const file = join(workspace.folder, 'some-truths.jsonl')
    const answers = ['because\n#### B', '####', 'It is \\boxed 5', '\\boxed{7}']
    writeFileSync(file, answers.map((answer, i) => `${JSON.stringify({question: `Q ${i}`, answer})}\n`).join(''))
    const warnings: string[] = []
    const changes = [`data.questions=${file}`, 'data.valDocuments=0', 'data.onBadRow=skip']
    const task = await questions.open({
      config: config('x', changes),
      data: await withoutDocuments(workspace.base),
      model: await readModelConfig(workspace.base),
      warn: (line) => warnings.push(line),
    })
    expect(task.size).toEqual({train: 2, val: 0})
    const truths = [0, 1].map((index) => Buffer.from(task.factsOf(task.itemAt('train', index)).truth).toString())
    expect(truths.sort()).toEqual(['7', 'B'])
    expect(warnings).toEqual([
      expect.stringMatching(/left out .*: 2 \(no-truth 2\); the first is some-truths\.jsonl:2: /),
    ])
  })

  it('have no standard mode', async () => {
    const modes = ['eval.task=questions', 'eval.modes=standard', `eval.models=${workspace.base}`, 'model.path=null']
    await expect(evaluate(config('none', modes), toyServices({command: 'eval'}))).rejects.toThrow(UsageError)
  })
})

describe('objective rlvr', () => {
  it('trains on questions without prepared data, resumes bit for bit, and evaluates on those held out', async () => {
    const steps = ['train.steps=3', 'checkpoint.every=1', 'eval.every=3']
    await train(config('run', steps), toyServices())
    const metrics = readTable(join(workspace.folder, 'run', 'metrics.arrow'), metricsTable)
    expect(metrics).toHaveLength(3)
    expect(metrics.reduce((sum, row) => sum + row['rpt/updates']!, 0)).toBeGreaterThan(0)
    const [row] = readTable(join(workspace.folder, 'run', 'rollouts', 'step-000001.arrow'), rolloutsTable)
    expect(row).toMatchObject({task: 'questions', position: 0, boundaries: new Int32Array()})
    expect(row.item).toBe(`${row.doc_id}@0`)
    expect(Object.keys(row.reward_parts)).toEqual(['correct'])
    const predictions = readTable(join(workspace.folder, 'run', 'eval', 'step-000003.arrow'), predictionsTable)
    expect(predictions.map(({split}) => split)).toEqual(Array(5).fill('all'))

    await train(config('halves', [...steps, 'train.steps=2', 'eval.every=0']), toyServices())
    await train(config('halves', steps), toyServices({resume: true}))
    const [whole, halves] = await Promise.all(
      ['run', 'halves'].map((run) => runContents(join(workspace.folder, run), 3)),
    )
    for (const name of Object.keys(whole)) expect(halves[name] === whole[name], name).toBe(true)
  })

  it('shows the question of each rollout, whose run keeps prompts alone', async () => {
    const {rows, ...rest} = (await inspect(join(workspace.folder, 'run'), {step: 1})) as RunInspection
    expect(rows.map(({context}) => context)).toEqual(rows.map(() => expect.stringMatching(/^A B( [ABC])*$/)))
    expect(renderInspect({...rest, rows}).join('\n')).toMatch(/ {2}context {3}"A B( [ABC])*"\n/)
    const contextsOf = async (run: string) =>
      (await sampleRollouts(readRun(run), 1, async () => {})).groups.map(({context}) => context)
    const contexts = await contextsOf(join(workspace.folder, 'run'))
    expect(new Set(contexts)).toEqual(new Set(contexts.map(() => expect.stringMatching(/^A B( [ABC])*$/))))

    const moved = join(workspace.folder, 'moved')
    cpSync(join(workspace.folder, 'run'), moved, {recursive: true})
    const settingsFile = join(moved, 'config.resolved.yaml')
    const given = readFileSync(settingsFile, 'utf8')
    rmSync(join(moved, 'checkpoints'), {recursive: true})
    expect(await contextsOf(moved)).toEqual(contexts)
    // Without the template of the run, or with one that it was not asked in, the whole prompt is shown.
    const whole = contexts.map((context) => `<bos>${context}<think>`)
    for (const [change, shown] of [
      [(text: string) => text.replace('questionTemplate: "bare"', 'questionTemplate: "boxed"'), whole],
      [(text: string) => text.replace('chatTemplateFile: null', 'chatTemplateFile: /nowhere'), whole],
      [(text: string) => text.replace(`path: "${workspace.base}"`, 'path: hf:gone/away'), contexts.map(() => '')],
    ] as const) {
      expect(change(given)).not.toBe(given)
      writeFileSync(settingsFile, change(given))
      expect(await contextsOf(moved)).toEqual(shown)
    }
  })

  it('is evaluated with the template and the verifier of its run, unless others are given', async () => {
    const lines: string[] = []
    const settingsOf = async (out: string, changes: readonly string[]) =>
      JSON.parse((await evaluationOf(out, changes, lines)).rows[0].prompt_settings)
    expect(await settingsOf('as-run', [])).toMatchObject({'prompt.template': 'bare', 'data.verifier': 'exact'})
    expect(await settingsOf('other', ['data.verifier=boxed'])).toMatchObject({'data.verifier': 'boxed'})
    expect(lines).toContain('eval: eval.modes is reasoning, the default of questions')
  })

  it('is evaluated on what is named, and the settings are told where nothing is', () => {
    const needsOf = (model: string, changes: readonly string[] = []) =>
      evaluationNeeds(
        loadConfig({command: 'eval', sets: [`model.path=${model}`, ...changes], cwd: workspace.folder}).config,
      )
    const suggestions = [
      `as it was trained: --set eval.task=questions --set data.questions=${join(workspace.folder, 'questions.jsonl')}`,
      'next-token prediction: --data DIR',
    ]
    for (const model of ['run', join('run', 'checkpoints', 'step-000003')]) {
      const failure = () => needsOf(model)
      expect(failure).toThrow(
        /neither eval\.task nor data\.dir says what to evaluate; expected eval\.task and data\.questions/,
      )
      expect(failure).toThrow(expect.objectContaining({suggestions}))
    }
    expect(needsOf('run', ['data.dir=data'])).toEqual(['data.dir'])
    expect(needsOf('run', ['eval.task=questions'])).toEqual(['data.questions'])
    expect(needsOf('base')).toEqual(['data.dir'])
    // A name of two parts below a run, such as an id of the Hub, is not its checkpoint.
    expect(needsOf(join('run', 'owner', 'name'))).toEqual(['data.dir'])
  })

  it('is not evaluated on questions that it has learned, whatever the seed or the part held out', async () => {
    const heldOut = (out: string) =>
      new Set(readTable(join(workspace.folder, out), predictionsTable).map(({doc_id}) => doc_id))
    const trained = [1, 2, 3].flatMap((step) =>
      readTable(join(workspace.folder, 'run', 'rollouts', `step-00000${step}.arrow`), rolloutsTable),
    )
    await evaluationOf('other-seed', ['seed=7'])
    const asked = heldOut(join('other-seed', 'eval', 'run-step-000003.arrow'))
    expect(asked).toEqual(heldOut(join('run', 'eval', 'step-000003.arrow')))
    expect(trained.filter(({doc_id}) => asked.has(doc_id))).toEqual([])
    await expect(evaluationOf('other-part', ['data.valDocuments=10'])).rejects.toThrow(
      'data.valDocuments is 10, but run was trained on the same file with 5'.replace(
        'run',
        join(workspace.folder, 'run'),
      ),
    )
    const other = join(workspace.folder, 'other-questions.jsonl')
    writeFileSync(other, `${JSON.stringify({question: 'A B', answer: 'C'})}\n`)
    const {rows} = await evaluationOf('other-file', [`data.questions=${other}`, 'data.valFraction=1'])
    expect(rows[0].count).toBe(1)
  })

  it('is rewarded by nothing that looks into documents', async () => {
    await expect(train(config('dense', ['reward.terms=dense']), toyServices())).rejects.toThrow(
      'reward.terms[0] is dense, which compares an answer with the tokens of a document',
    )
  })
})
