import {beforeAll, describe, expect, it} from 'vitest'
import {openReport, writeReport} from '../../../src/core/report/report.js'
import type {Services} from '../../../src/core/util/services.js'
import {toyServices} from '../../support/toy-run.js'
import {at, commands, contents, failure, loadedAt, makeWorkspace, rehearse} from './rehearsal-workspace.js'

beforeAll(makeWorkspace)

const longThought = ['eval.modes=[standard,forced-thought]', `eval.forcedThought=${' A B C'.repeat(200)}`]
const noRoomForThought =
  /^eval\.modes contains forced-thought, whose thought takes \d{3,} tokens; of the model's 256 positions, rollout\.maxTokens takes \d+ and a prompt at least \d+$/

const standardQuestions = ['eval.task=questions', 'data.questions=questions.jsonl', 'eval.modes=[standard]']
const noStandard = /items of task questions have no answer without a completion/

const onQuestions = ['train.objective=rlvr', 'data.questions=questions.jsonl']
const onRows = (file: string) => ['train.objective=sft', `sft.completions=${file}`, 'eval.every=1']

describe('--dry-run refuses what the command refuses, in the same words, and writes nothing', () => {
  it.each<[keyof typeof commands, string[], RegExp, Partial<Services>?]>([
    ['train', ['out=occupied'], /occupied is not empty and no/],
    ['train', ['data.dir=no-data'], /no-data is not a folder that rpt prepare-data wrote/],
    ['train', ['model.path=none'], /none does not exist/],
    ['train', ['model.path=data'], /data has no checkpoint/],
    ['train', ['model.path=no-weights'], /no-weights.model\.safetensors: no such file/],
    ['train', ['model.path=other'], /has another tokenizer|its tokens/],
    ['train', ['prompt.template=bear'], /prompt\.template is "bear"/],
    ['train', ['prompt.templateFile=none.txt'], /none\.txt/],
    ['train', ['prompt.maxTokens=1'], /the template alone takes/],
    ['train', ['prompt.templateFile=long.txt'], /the template alone takes \d+ tokens; prompts may have 250/],
    ['scaling-sweep', ['sweep.axes={prompt.templateFile: [short.txt, long.txt]}'], /alone takes \d+ tokens/],
    ['train', ['reward.terms=[prefix-mach]'], /reward\.terms.* needs the name of a term .*did you mean prefix-match\?/],
    ['train', ['reward.terms=[dense, dense]'], /reward\.terms names dense twice/],
    ['train', ['rollout.maxTokens=300'], /rollout\.maxTokens is 300; the model has 256/],
    ['train', ['eval.every=1', ...longThought], noRoomForThought],
    [
      'train',
      ['eval.every=1', 'eval.modes=[forced-thought]'],
      /eval\.forcedThought is empty; expected the idle thought/,
    ],
    ['eval', longThought, noRoomForThought],
    ['train', ['eval.every=1', ...standardQuestions], noStandard],
    ['eval', standardQuestions, noStandard],
    ['eval', ['eval.modes=[empty-thought]', 'rollout.maxTokens=253'], /empty-thought, whose thought takes \d+ tokens/],
    ['scaling-sweep', longThought, noRoomForThought],
    ['train', ['train.objective=sft', 'sft.completions=none.jsonl'], /none\.jsonl/],
    ['train', ['train.objective=sft', 'sft.completions=bad-rows.jsonl'], /bad-rows\.jsonl:1: completion is missing/],
    ['train', [...onRows('rows.jsonl'), 'sft.template=bear'], /^sft\.template is "bear"/],
    ['train', [...onQuestions, 'prompt.questionTemplate=bear'], /^prompt\.questionTemplate is "bear"/],
    ['train', onRows('rows.jsonl'), /^train: eval\.every asks for mode reasoning, but the template of the rows is not/],
    ['train', [...onRows('rows.jsonl'), `sft.template=${'A B C '.repeat(90)}{context}`], /the template alone takes/],
    [
      'scaling-sweep',
      ['sweep.train=sft.yaml'],
      /^scaling-sweep: eval\.modes asks for mode reasoning, but the template/,
    ],
    ['train', ['data.dir=all-held'], /all-held has no training positions/],
    ['train', ['data.dir=all-held', 'train.objective=ntp'], /all-held has no training documents/],
    ['train', ['data.dir=none-held', 'eval.every=1'], /none-held has no held-out positions/],
    ['eval', ['data.dir=none-held'], /none-held has no held-out positions/],
    ['scaling-sweep', ['sweep.axes={data.dir: [data, none-held]}'], /none-held has no held-out positions/],
    ['eval', ['data.dir=no-data'], /no-data is not a folder that rpt prepare-data wrote/],
    ['eval', ['model.path=none'], /none does not exist/],
    ['eval', ['model.path=no-weights'], /no-weights.model\.safetensors: no such file/],
    ['eval', ['prompt.template=bear'], /prompt\.template is "bear"/],
    ['eval', ['eval.checkpoint=7'], /which is a single checkpoint/],
    ['eval', ['out=occupied'], /occupied is not empty and no/],
    ['prepare-data', ['data.documents=none.jsonl'], /none\.jsonl/],
    ['prepare-data', ['data.documents=corpus.xyz'], /type \.xyz cannot be read/],
    ['prepare-data', ['data.proxy=no-weights'], /no-weights.model\.safetensors: no such file/],
    ['prepare-data', ['data.tokenizer=other'], /another tokenizer|its tokens/],
    ['prepare-data', ['out=occupied'], /occupied is not empty and no/],
    ['scaling-sweep', ['sweep.train=none.yaml'], /none\.yaml does not exist/],
    ['scaling-sweep', ['sweep.axes={prompt.template: [bare, bear]}'], /prompt\.template is "bear"/],
    ['scaling-sweep', ['sweep.axes={seed: [1, 1]}'], /have the same settings/],
    [
      'scaling-sweep',
      ['sweep.axes={data.dir: [data, no-data]}'],
      /no-data is not a folder that rpt prepare-data wrote/,
    ],
    ['scaling-sweep', ['sweep.axes={model.path: [base, none]}'], /none does not exist/],
    [
      'scaling-sweep',
      ['sweep.axes={seed: [1, 2], eval.samples: [1, 2]}'],
      /axes names eval\.samples, but all points are/,
    ],
    ['scaling-sweep', ['sweep.checkpoints=[1]'], /no checkpoint of step 1/],
  ])('%s %j', async (command, changes, message) => {
    const before = contents()
    const config = () => loadedAt(command, changes)
    const fromPlan = await failure(async () => rehearse(command, config()))
    expect(fromPlan.message).toMatch(message)
    expect(contents()).toEqual(before)
    const fromCommand = await failure(async () => commands[command](config(), toyServices({command})))
    expect([fromCommand.message, fromCommand.exitCode]).toEqual([fromPlan.message, fromPlan.exitCode])
  })

  it('report', async () => {
    const run = at('occupied')
    const rehearsal = {rehearsal: {note: () => undefined}}
    for (const [paths, out] of [
      [[run], at('page.html')],
      [[at('none')], at('page.html')],
      [[], at('page.html')],
      [[run], at('rows.jsonl')],
    ] as const) {
      const before = contents()
      const {message} = await failure(() => openReport(paths, out, rehearsal))
      expect(contents()).toEqual(before)
      expect((await failure(() => writeReport(paths, out))).message).toBe(message)
    }
  })
})

it('completions that leave no room for a prompt are refused with the default by name and a length that fits', async () => {
  const {message, suggestions} = await failure(() => rehearse('train', loadedAt('train', ['rollout.maxTokens=8192'])))
  expect(message).toContain('rollout.maxTokens is 8192, the default; the model has 256 positions')
  expect(suggestions).toEqual(['leave room for the prompt: --set rollout.maxTokens=128'])
  await rehearse('train', loadedAt('train', ['rollout.maxTokens=128']))
})

it('evaluations of a run on rows need room for the template of the rows, not for the one that the model would have', async () => {
  const sets = ['prompt.template=auto', 'rollout.maxTokens=100', 'eval.every=1']
  await expect(rehearse('train', loadedAt('train', sets))).rejects.toThrow(/the template alone takes/)
  const rows = ['train.objective=sft', 'sft.completions=bare-rows.jsonl']
  await expect(rehearse('train', loadedAt('train', [...sets, ...rows]))).resolves.toEqual([])
})

it('a thought that leaves no room for a prompt is refused, with the length of completions that fits', async () => {
  const sets = ['eval.modes=[forced-thought]', `eval.forcedThought=${' A'.repeat(100)}`]
  const planned = (maxTokens: number) => rehearse('eval', loadedAt('eval', [...sets, `rollout.maxTokens=${maxTokens}`]))
  const {suggestions} = await failure(() => planned(240))
  const [shorten, lower] = suggestions
  expect(shorten).toBe('shorten eval.forcedThought')
  const fitting = Number(lower.match(/^set rollout\.maxTokens to (\d+) or less$/)?.[1])
  await expect(planned(fitting)).resolves.toEqual([])
  await expect(planned(fitting + 1)).rejects.toThrow('whose thought takes')
})
