import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type ConfigInputs, loadConfig, requireKeys} from '../../../src/core/config/load.js'
import {lossDefaults} from '../../../src/core/config/loss-defaults.js'
import {objectiveDefaults} from '../../../src/core/config/objective-defaults.js'
import {rewardDefaults} from '../../../src/core/config/reward-defaults.js'
import {objectiveTasks, taskDefaults} from '../../../src/core/config/task-defaults.js'
import {objectives as kinds} from '../../../src/core/objectives/objectives.js'
import {DataError, type RptError, UsageError} from '../../../src/core/util/errors.js'

let cwd: string

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'rpt-config-'))
})

afterEach(() => rmSync(cwd, {recursive: true}))

function file(name: string, text: string): string {
  mkdirSync(join(cwd, name, '..'), {recursive: true})
  writeFileSync(join(cwd, name), text)
  return name
}

function load(inputs: Partial<ConfigInputs>) {
  return loadConfig({command: 'train', cwd, ...inputs})
}

function failure(inputs: Partial<ConfigInputs>, kind: typeof UsageError | typeof DataError = UsageError): RptError {
  try {
    load(inputs)
  } catch (error) {
    expect(error).toBeInstanceOf(kind)
    return error as RptError
  }
  throw new Error('loadConfig accepted what it should refuse')
}

describe('precedence', () => {
  it('defaults < files in order < --set < flags, each with its source', () => {
    const files = [
      file('a.yaml', 'seed: 1\ntrain:\n  steps: 10\n  batchRows: 2\ngrpo: {groupSize: 4}\n'),
      file('b.yaml', 'train:\n  steps: 20\n'),
    ]
    const {config, sources} = load({files, sets: ['grpo.groupSize=6', 'seed=3'], flags: {seed: 4}})
    expect([config.train.steps, config.train.batchRows, config.grpo.groupSize, config.seed]).toEqual([20, 2, 6, 4])
    expect(['train.steps', 'train.batchRows', 'grpo.groupSize', 'seed', 'out'].map((key) => sources.get(key))).toEqual([
      'b.yaml:2',
      'a.yaml:4',
      '--set',
      '--seed',
      'default',
    ])
  })

  it('within a section: its own keys, then those that `<<` merges, with the line of the merge', () => {
    const section = 'eval:\n  limit: 3\n  <<: *r\n'
    const merged = load({files: [file('a.yaml', `rollout: &r {temperature: 0.5}\n${section}`)]})
    expect([merged.config.eval.temperature, merged.config.eval.limit]).toEqual([0.5, 3])
    expect(merged.sources.get('eval.temperature')).toBe('a.yaml:4')
    const own = load({files: [file('a.yaml', `rollout: &r {temperature: 0.5}\n${section}  temperature: 0.7\n`)]})
    expect([own.config.eval.temperature, own.sources.get('eval.temperature')]).toEqual([0.7, 'a.yaml:5'])
  })

  it('has the defaults of the objective below everything that is given', () => {
    const optimOf = (inputs: Partial<ConfigInputs>) => {
      const {config, sources} = load(inputs)
      const keys = ['optim.learningRate', 'optim.maxGradNorm', 'optim.beta1']
      return [config.optim.learningRate, config.optim.maxGradNorm, ...keys.map((key) => sources.get(key))]
    }
    const sft = ['default of sft', 'default of sft', 'default']
    expect(optimOf({})).toEqual([1e-6, 0.2, 'default', 'default', 'default'])
    expect(optimOf({flags: {objective: 'ntp'}})).toEqual([1e-6, 0.2, 'default', 'default', 'default'])
    expect(optimOf({flags: {objective: 'sft'}})).toEqual([2e-5, 1, ...sft])
    expect(optimOf({values: {'train.objective': 'sft'}})).toEqual([2e-5, 1, ...sft])
    const files = [file('a.yaml', 'train: {objective: sft}\noptim:\n  learningRate: 1e-3\n  maxGradNorm: 0.2\n')]
    expect(optimOf({files})).toEqual([1e-3, 0.2, 'a.yaml:3', 'a.yaml:4', 'default'])
    expect(optimOf({files, sets: ['optim.learningRate=null']})).toEqual([2e-5, 0.2, sft[0], 'a.yaml:4', 'default'])
    expect(failure({sets: ['train.objective=toString']}).message).toMatch(/needs one of rpt, rlvr, ntp, sft/)
  })

  it('every default of an objective is a setting that the schema takes', () => {
    for (const [objective, values] of Object.entries(objectiveDefaults))
      expect(() => load({values: {'train.objective': objective, ...values}})).not.toThrow()
  })

  it('where questions are evaluated, there is no mode standard by default', () => {
    const modesOf = (inputs: Partial<ConfigInputs>) => {
      const {config, sources} = load(inputs)
      return [config.eval.modes.join(), sources.get('eval.modes')]
    }
    const [usual, own] = [
      ['standard,reasoning', 'default'],
      ['reasoning', 'default of questions'],
    ]
    expect(modesOf({sets: ['eval.task=questions']})).toEqual(own)
    expect(modesOf({sets: ['eval.task=questions', 'eval.modes=empty-thought']})).toEqual(['empty-thought', '--set'])
    expect(modesOf({sets: ['train.objective=rlvr', 'eval.every=5']})).toEqual(own)
    expect(modesOf({sets: ['train.objective=rlvr', 'eval.every=5', 'eval.task=next-token']})).toEqual(usual)
    expect(modesOf({sets: ['train.objective=rpt', 'eval.every=5']})).toEqual(usual)
    // A run that is evaluated only after --resume was begun with the same modes; rpt eval asks of eval.task alone.
    expect(modesOf({sets: ['train.objective=rlvr']})).toEqual(own)
    expect(modesOf({command: 'eval', sets: ['train.objective=rlvr', 'eval.every=5']})).toEqual(usual)
  })

  it('the defaults of tasks are those of what objectives train on, and settings that the schema takes', () => {
    for (const [objective, task] of Object.entries(objectiveTasks))
      expect(kinds[objective as keyof typeof kinds].task ?? null).toBe(task)
    for (const [task, values] of Object.entries(taskDefaults))
      expect(() => load({values: {'eval.task': task, ...values}})).not.toThrow()
  })

  it('a loss brings the defaults of its paper, below everything that is set', () => {
    const of = (sets: string[]) => {
      const {clipEpsilonHigh, lossNormalizer, std, maskTruncated, dynamicSampling} = load({sets}).config.grpo
      return [clipEpsilonHigh, lossNormalizer, std, maskTruncated, dynamicSampling.fromStep]
    }
    expect(of([])).toEqual([undefined, 'token', 'population', false, 500])
    expect(of(['grpo.loss=dapo'])).toEqual([0.28, 'token', 'population', true, 1])
    expect(of(['grpo.loss=dr-grpo', 'grpo.std=sample'])).toEqual([undefined, 'constant', 'sample', false, 500])
    for (const [loss, values] of Object.entries(lossDefaults))
      expect(() => load({values: {'grpo.loss': loss, ...values}})).not.toThrow()
  })

  it('terms of a reward bring the defaults that all of them have, below everything that is set and those of the loss', () => {
    const of = (...sets: string[]) => {
      const {config, sources} = load({sets})
      return [config.grpo.std, sources.get('grpo.std')]
    }
    const own = ['leave-one-out', 'default of information-gain']
    expect(of('reward.terms=information-gain')).toEqual(own)
    expect(of('reward.terms=[{name: information-gain, weight: 2}]')).toEqual(own)
    expect(of('reward.terms=[information-gain, missing-answer]')).toEqual(['population', 'default'])
    expect(of('reward.terms=[missing-answer, information-gain]')).toEqual(['population', 'default'])
    expect(of('reward.terms=information-gain', 'grpo.std=population')).toEqual(['population', '--set'])
    expect(of('reward.terms=information-gain', 'grpo.loss=dr-grpo')).toEqual(['none', 'default of dr-grpo'])
    for (const [name, values] of Object.entries(rewardDefaults))
      expect(() => load({values: {'reward.terms': [name], ...values}})).not.toThrow()
  })

  it('float16 allows sampling and update to disagree more, below everything that is set', () => {
    const of = (sets: string[]) => {
      const {config, sources} = load({sets})
      return [config.grpo.mismatchLimit, sources.get('grpo.mismatchLimit')]
    }
    expect(of([])).toEqual([1e-4, 'default'])
    for (const precision of ['float16', 'float16-rounded'])
      expect(of([`precision=${precision}`])).toEqual([0.1, `default of ${precision}`])
    expect(of(['precision=float16', 'grpo.mismatchLimit=0.5'])).toEqual([0.5, '--set'])
  })

  it('replaces lists whole', () => {
    const files = [file('a.yaml', 'checkpoint: {steps: [1, 2, 3]}'), file('b.yaml', 'checkpoint: {steps: [9]}')]
    expect(load({files}).config.checkpoint.steps).toEqual([9])
  })

  it('puts a default back for null', () => {
    const {config, sources} = load({files: [file('a.yaml', 'train: {steps: 5}')], sets: ['train.steps=null']})
    expect(config.train.steps).toBe(1000)
    expect(sources.get('train.steps')).toBe('default')
  })

  it('lets --limit mean documents or positions, by command', () => {
    expect(load({command: 'prepare-data', flags: {limit: 7}}).config.data.limit).toBe(7)
    expect(load({command: 'eval', flags: {limit: 7}}).config.eval.limit).toBe(7)
  })

  it('freezes the configuration to its leaves', () => {
    const {config} = load({})
    expect(() => Object.assign(config.grpo.dynamicSampling, {fromStep: 1})).toThrow(TypeError)
  })
})

describe('values of --set', () => {
  it.each([
    ['optim.learningRate=1e-4', (c: ReturnType<typeof load>['config']) => c.optim.learningRate, 1e-4],
    ['eval.modes=standard,empty-thought', (c) => c.eval.modes, ['standard', 'empty-thought']],
    ['eval.modes=[standard]', (c) => c.eval.modes, ['standard']],
    ['data.thresholds=1, 2, 3', (c) => c.data.thresholds, [1, 2, 3]],
    ['prompt.template=a: {context} = b', (c) => c.prompt.template, 'a: {context} = b'],
    ['data.questionField=123', (c) => c.data.questionField, '123'],
    ['reward.terms=dense', (c) => c.reward.terms, [{name: 'dense', weight: 1}]],
    ['reward.terms=[{name: correct, weight: 0.5}]', (c) => c.reward.terms, [{name: 'correct', weight: 0.5}]],
    ['train.allowNoop=true', (c) => c.train.allowNoop, true],
  ] as [string, (c: ReturnType<typeof load>['config']) => unknown, unknown][])('%s', (set, read, expected) => {
    expect(read(load({sets: [set]}).config)).toEqual(expected)
  })
})

describe('paths', () => {
  it('are relative to the config file there, to the working directory elsewhere', () => {
    const files = [file('sub/a.yaml', 'data: {dir: ../runs/data}\nsweep: {runs: [x, /y]}\n')]
    const {config} = load({files, sets: ['model.config=m.json'], flags: {out: 'o'}})
    expect([config.data.dir, config.model.config, config.out, ...config.sweep.runs]).toEqual([
      join(cwd, 'runs/data'),
      join(cwd, 'm.json'),
      join(cwd, 'o'),
      join(cwd, 'sub/x'),
      '/y',
    ])
  })

  it('leave Hub ids alone, unless a folder of that name exists', () => {
    mkdirSync(join(cwd, 'owner/here'), {recursive: true})
    const sets = [
      'model.path=owner/name',
      'data.proxy=owner/here',
      'data.documents=hf:owner/name',
      'data.tokenizer=./owner/name',
    ]
    const {config, folders} = load({sets})
    expect(config.model.path).toBe('owner/name')
    expect(config.data.proxy).toBe(join(cwd, 'owner/here'))
    expect(config.data.documents).toBe('hf:owner/name')
    expect(config.data.tokenizer).toBe(join(cwd, 'owner/name'))
    expect([...folders]).toEqual([['owner/name', join(cwd, 'owner/name')]])
  })

  it('of documents are never taken for Hub ids', () => {
    expect(load({sets: ['data.documents=corpus/a.jsonl']}).config.data.documents).toBe(join(cwd, 'corpus/a.jsonl'))
  })
})

describe('what is refused', () => {
  it('a group of one, saying who set it and why not', () => {
    expect(failure({sets: ['grpo.groupSize=1']}).message).toBe(
      'config: grpo.groupSize is 1 (set by --set); needs at least 2, because one completion has no group to compare with',
    )
  })

  it('a folder in place of a file of settings, saying what is needed', () => {
    const error = failure({files: [tmpdir()]}, DataError)
    expect(error.message).toMatch(/^config: .* is a folder; expected a plain file$/)
    expect(error.suggestions).toContain('give a YAML file')
  })

  it('an unknown key in a file, with file, line, key and the nearest known one', () => {
    const error = failure({files: [file('a.yaml', 'seed: 1\ngrpo:\n  groupsize: 4\n')]})
    expect(error.message).toBe('config: unknown key grpo.groupsize (set by a.yaml:3)')
    expect(error.suggestions).toEqual(['did you mean grpo.groupSize?'])
  })

  it.each([
    ['{name: dense, wieght: 2}', 'has the unknown key wieght; did you mean weight?'],
    ['{name: dense, note: x}', 'has the unknown key note; needs one of name, weight'],
    ['{name: dense, nam: x, wight: 2}', 'has the unknown keys nam, wight; did you mean name, weight?'],
    ['{name: dense, weight: heavy}', 'weight needs a number'],
    ['{nmae: dense}', /^name needs one of .*; has the unknown key nmae; did you mean name\?$/],
    ['dens', /^needs the name of a term .*; did you mean dense\?$/],
    ['null', /^needs the name of a term .*weight: \.\.\.}$/],
  ])('the term %s of a reward, saying what is wrong within it', (term, problem) => {
    const {message} = failure({files: [file('a.yaml', `reward:\n  terms: [${term}]\n`)]})
    const [place, found] = message.split(/(?<=\(set by a\.yaml:2\)); /)
    expect(place).toMatch(/^config: reward\.terms\.0 is /)
    expect(found).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem))
  })

  it('an unknown section', () => {
    expect(failure({files: [file('a.yaml', 'trian: {steps: 1}')]}).suggestions).toEqual(['did you mean train?'])
  })

  it('a key of another section, naming the right one', () => {
    expect(failure({sets: ['grpo.maxGradNorm=1']}).suggestions).toEqual(['did you mean optim.maxGradNorm?'])
  })

  it.each([
    ['a dotted key in a file', 'train.steps: 3\n', /sections are nested/],
    ['a value for a section', 'train: 3\n', /train is 3 \(set by a.yaml:1\); needs a mapping/],
    ['a list as a file', '- 1\n', /a.yaml holds \[1\]; needs a mapping/],
    ['bad YAML, with line and column', 'train:\n  steps: 3\n steps: 4\n', /a.yaml:3:1 is not valid YAML/],
    [
      'a merge of no mapping',
      'seed: &a 1\noptim: {<<: *a}\n',
      /a.yaml:.* is not valid YAML: Merge sources must be maps/,
    ],
    ['an unknown key that is merged', 'eval: &a {limit: 1}\noptim:\n  <<: *a\n', /key optim.limit .set by a.yaml:3/],
    ['two documents', 'seed: 1\n---\nseed: 2\n', /a.yaml:2 begins another YAML document; a config file holds one/],
    ['the same key twice', 'seed: 1\nseed: 2\n', /a.yaml:2:1 is not valid YAML: Map keys must be unique/],
    ['keys that reach for prototypes', '__proto__: {seed: 1}\n', /unknown key __proto__/],
  ])('%s', (_, text, message) => {
    expect(failure({files: [file('a.yaml', text)]}).message).toMatch(message)
  })

  it('a file that does not exist', () => {
    expect(failure({files: ['none.yaml']}).message).toMatch(/none.yaml does not exist/)
  })

  it('an axis of a sweep that is no key, or a value on it that the key refuses', () => {
    expect(failure({files: [file('a.yaml', 'sweep:\n  axes:\n    grpo.groupsize: [4]\n')]}).suggestions).toEqual([
      'did you mean grpo.groupSize?',
    ])
    expect(failure({files: [file('b.yaml', 'sweep: {axes: {grpo.groupSize: [4, 1]}}\n')]}).message).toMatch(
      /groupSize is 1/,
    )
  })

  it('every bad value at once, one line each', () => {
    const {message} = failure({
      sets: ['train.steps=x', 'optim.learningRate=0', 'eval.modes=[]', 'data.thresholds=2,1,3'],
    })
    expect(message.split('\n').toSorted()).toEqual([
      'config: data.thresholds is [2,1,3] (set by --set); needs three ascending numbers: easy, medium, hard',
      'config: eval.modes is an empty list (set by --set); needs at least 1 entry',
      'config: optim.learningRate is 0 (set by --set); needs more than 0',
      "config: train.steps is 'x' (set by --set); needs a number",
    ])
  })
})

it('no more than four lines are said of many bad values', () => {
  const sets = ['train.steps=x', 'optim.learningRate=0', 'eval.modes=[]', 'seed=-1', 'threads=-1', 'data.topShare=0']
  const lines = failure({sets}).message.split('\n')
  expect(lines).toHaveLength(4)
  expect(lines.at(-1)).toBe('and 3 more')
})

describe('requireKeys', () => {
  it('names the flag of a missing key', () => {
    const {config} = load({})
    expect(() => requireKeys(config, ['data.dir'])).toThrow('data.dir is not set; give --data')
    expect(() => requireKeys(config, ['sweep.train'])).toThrow('give --set sweep.train=...')
  })

  it('names all that is missing at once', () => {
    const needs = ['data.dir', ['model.path', 'model.config'], 'out']
    expect(() => requireKeys(load({}).config, needs)).toThrow(
      'config: data.dir, model.path (or model.config) and out are not set; give --data, --model (or --model-config) and --out, or set them in a --config file',
    )
    expect(() => requireKeys(load({flags: {data: 'd', model: 'm'}}).config, needs)).toThrow(
      'config: out is not set; give --out, or set it in a --config file',
    )
  })

  it('wants exactly one of alternatives', () => {
    const need = [['model.path', 'model.config']]
    expect(() => requireKeys(load({}).config, need)).toThrow('give --model or --model-config')
    expect(() => requireKeys(load({flags: {model: 'm', 'model-config': 'c'}}).config, need)).toThrow('both set')
    const both = load({flags: {model: 'm', 'model-config': 'c'}}).config
    expect(() => requireKeys(both, need)).toThrow(
      expect.objectContaining({
        suggestions: [
          'to leave out model.path: --set model.path=null',
          'to leave out model.config: --set model.config=null',
        ],
      }),
    )
    expect(() => requireKeys(load({flags: {model: 'm'}}).config, need)).not.toThrow()
  })
})
