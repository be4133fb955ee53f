import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, expect, it} from 'vitest'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {withoutDocuments} from '../../../src/core/prepared/prepared.js'
import {predictionsTable, readTable} from '../../../src/core/tables/index.js'
import {multipleChoice} from '../../../src/core/tasks/multiple-choice.js'
import {loadTokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

beforeAll(async () => {
  workspace = await toyWorkspace()
})

const rows = Array.from({length: 9}, (_, i) => ({
  question: ['A', 'A B', 'A B C'][i % 3],
  options: ['A', 'C', 'B and C'],
  answer: i % 3,
  field: i < 6 ? 'letters' : 'words',
}))

function run(out: string, changes: readonly string[]) {
  const file = join(workspace.folder, 'choices.jsonl')
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const settings = [
    'eval.task=multiple-choice',
    `data.questions=${file}`,
    'data.categoryField=field',
    'data.dir=null',
    'prompt.choices=cloze',
    'prompt.choiceTemplate="{context}"',
    'prompt.questionTemplate=bare',
    'rollout.maxTokens=8',
    ...changes,
  ]
  return evaluate(toyConfig(workspace, out, settings), toyServices({command: 'eval'}))
}

it('takes the option of the greatest log-probability, and counts by category', async () => {
  const {rows: found} = await run('cloze', ['eval.modes=standard'])
  expect(found.map(({split, count, mode}) => [split, count, mode])).toEqual([
    ['all', 9, 'standard'],
    ['letters', 6, 'standard'],
    ['words', 3, 'standard'],
  ])
  const tokenizer = await loadTokenizer(workspace.base)
  const start = tokenizer.startId === null ? [] : [tokenizer.startId]
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  await engine.load({checkpoint: workspace.base})
  const predictions = readTable(join(workspace.folder, 'cloze', 'eval', 'base-step-000000.arrow'), predictionsTable)
  for (const [i, {question, options}] of rows.entries()) {
    const totals: number[] = []
    for (const option of options) {
      const whole = Int32Array.of(...start, ...tokenizer.encodeText(`${question} ${option}`))
      const from = start.length + tokenizer.encodeText(question).length
      const [{targetLogprob}] = await engine.score([whole], {topK: 2, batchTokens: 64})
      totals.push(targetLogprob.subarray(from - 1).reduce((sum, logprob) => sum + logprob, 0))
    }
    const best = options[totals.indexOf(Math.max(...totals))]
    expect(Buffer.from(predictions[i].prediction!).toString()).toBe(best)
    expect(predictions[i].correct).toBe(best === options[rows[i].answer])
  }
  await engine.close()
})

it('has its texts in the columns that settings name', async () => {
  const file = join(workspace.folder, 'columns.jsonl')
  writeFileSync(
    file,
    `${JSON.stringify({text: 'A B', ways: ['C', 'B and C'], letter: 'B', question: 'no', options: [], answer: 0})}\n`,
  )
  const fields = ['data.questionField=text', 'data.optionsField=ways', 'data.answerField=letter']
  const settings = [`data.questions=${file}`, 'prompt.choices=cloze', 'data.dir=null', ...fields]
  const data = await withoutDocuments(workspace.base)
  const model = await readModelConfig(workspace.base)
  const task = await multipleChoice.open({config: toyConfig(workspace, 'columns', settings), data, model})
  const {prompt, options} = task.choices!.of(task.itemAt('val', 0))
  expect(data.tokenizer.decode(prompt)).toContain('A B')
  expect(options.map(({isRight}) => isRight)).toEqual([false, true])
})

it('parts each option from the prompt where the prompt alone ends', async () => {
  const file = join(workspace.folder, 'parted.jsonl')
  writeFileSync(file, `${JSON.stringify({question: 'A B', options: ['C', 'B and C'], answer: 0})}\n`)
  const settings = [`data.questions=${file}`, 'prompt.choices=cloze', 'data.dir=null']
  const data = await withoutDocuments(workspace.base)
  const model = await readModelConfig(workspace.base)
  const task = await multipleChoice.open({config: toyConfig(workspace, 'parted', settings), data, model})
  const {prompt, options} = task.choices!.of(task.itemAt('val', 0))
  expect(data.tokenizer.decode(prompt)).toBe('<bos>A B\nAnswer:')
  expect(options.map(({ids, isRight}) => [data.tokenizer.decode(ids), isRight])).toEqual([
    [' C', true],
    [' B and C', false],
  ])
})

it('grades what a thought boxes', async () => {
  const {rows: found, models} = await run('thought', ['eval.modes=reasoning', 'eval.limit=4'])
  expect(found[0]).toMatchObject({split: 'all', count: 4, mode: 'reasoning'})
  expect(models[0]).toMatchObject({'prompt.choices': 'cloze'})
})

it('finds no answer within a thought that the prompt opens and nothing ends', async () => {
  const data = await withoutDocuments(workspace.base)
  const model = await readModelConfig(workspace.base)
  const settings = [
    `data.questions=${join(workspace.folder, 'choices.jsonl')}`,
    'prompt.choices=cloze',
    'data.dir=null',
  ]
  const gradeOf = async (template: string, text: string) => {
    const config = toyConfig(workspace, 'thinking', [...settings, `prompt.questionTemplate=${template}`])
    const task = await multipleChoice.open({config, data, model})
    const ids = data.tokenizer.encodeMarkup(text)
    return task.grade(task.itemAt('val', 0), {ids, oldLogprobs: new Float32Array(), stopReason: 'length'})
  }
  expect(await gradeOf('bare', 'so \\boxed{A}. But wait')).toMatchObject({outcome: 'truncated', correct: false})
  expect(await gradeOf('bare', 'so</think>\\boxed{A}')).toMatchObject({outcome: 'parsed', correct: true})
  expect(await gradeOf('boxed', 'so \\boxed{A}')).toMatchObject({outcome: 'parsed', correct: true})
})

it('refuses a category called all', async () => {
  rows.push({question: 'A', options: ['A', 'B', 'C'], answer: 0, field: 'all'})
  await expect(run('all', ['eval.modes=standard'])).rejects.toThrow('has a category all')
  rows.pop()
})

it('refuses a template without a place for the question, and a question beyond the positions', async () => {
  const standard = 'eval.modes=standard'
  await expect(run('template', [standard, 'prompt.choiceTemplate=Answer:'])).rejects.toThrow(
    'expected text with {context} once',
  )
  rows.push({question: 'A B C '.repeat(100), options: ['A', 'B'], answer: 0, field: 'words'})
  await expect(run('long', [standard])).rejects.toThrow(/choices.jsonl:10 has \d+ tokens with its longest option/)
  rows.pop()
})
