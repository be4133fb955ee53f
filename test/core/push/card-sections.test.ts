import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {datasetsOf, preparationNotes, preparedFacts} from '../../../src/core/push/card/prepared-data.js'
import {trainingSection} from '../../../src/core/push/card/training.js'
import {promptOf, usageSection} from '../../../src/core/push/card/usage.js'
import type {TrainedRun} from '../../../src/core/push/trained-run.js'
import {metricsTable, writeTable} from '../../../src/core/tables/index.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let path: string
beforeEach(async () => {
  path = temporaryFolder()
  await writeTable(join(path, 'metrics.arrow'), metricsTable, [])
})

const base = {id: 'owner/base', revision: 'v1'}

/** A checkpoint of a run with such settings. */
function runOf(sets: readonly string[], changes: Partial<TrainedRun> = {}): TrainedRun {
  const {config} = loadConfig({sets, cwd: path})
  const identity = {version: '0.0.0', inputs: null}
  const state = {step: 1, objective: config.train.objective}
  return {path, folder: path, config, identity, state, origins: {}, isAdapter: false, ...changes} as TrainedRun
}

describe('how to repeat a training', () => {
  const commandOf = (run: TrainedRun) => /^rpt train .*$/m.exec(trainingSection(run, base, null))![0]

  it('names what was given, and no more', () => {
    const random = 'model.config=config.json'
    expect(commandOf(runOf([random, 'train.objective=sft', 'sft.completions=rows.jsonl']))).toBe(
      'rpt train --config settings.yaml --model-config CONFIG --set sft.completions=FILE --out RUN',
    )
    expect(commandOf(runOf([random, 'train.objective=rlvr', 'data.dir=data', 'data.questions=rows.jsonl']))).toBe(
      'rpt train --config settings.yaml --data DATA --model-config CONFIG --set data.questions=FILE --out RUN',
    )
  })

  it('names the base of adapters, and of other weights only where they began with it', () => {
    const isDirect = {origins: {'model.path': {...base, kind: 'model' as const}}}
    const modelOf = (changes: Partial<TrainedRun>) =>
      / --model (\S+)/.exec(commandOf(runOf(['model.path=/home/me/base'], changes)))![1]
    expect(modelOf({})).toBe('MODEL')
    expect(modelOf(isDirect)).toBe('hf:owner/base@v1')
    expect(modelOf({isAdapter: true})).toBe('hf:owner/base@v1')
  })

  it('has how long steps search for signal, which --resume may change', () => {
    const text = trainingSection(runOf(['model.path=base', 'grpo.dynamicSampling.maxBatches=2']), null, null)
    expect(text).toMatch(/^grpo:\n {2}dynamicSampling:\n {4}maxBatches: 2$/m)
  })

  it('says what was read by content, and no settings of other commands', () => {
    const identity = {version: '0.0.0', inputs: {model: 'abc', template: 'none'}} as unknown as TrainedRun['identity']
    const text = trainingSection(runOf(['eval.samples=7', 'sweep.bootstraps=9'], {identity}), null, null)
    expect(text).toContain('| model | `abc` |')
    expect(text).not.toMatch(/template|eval:|sweep:/)
  })
})

it('a card says that nobody knows the FLOPs of a run that lost rows of its metrics, and counts its tokens', () => {
  const state = {step: 2, objective: 'ntp', numTokens: 640} as TrainedRun['state']
  const text = trainingSection(runOf(['model.config=config.json', 'train.objective=ntp'], {state}), null, null)
  expect(text).toContain('| FLOPs | not known: `metrics.arrow` lacks steps |')
  expect(text).toContain('| tokens sampled or trained on | 640 |')
})

describe('the prepared data of a card', () => {
  const hashes = {documents: 'd', settings: 's'}
  const inputs = {'documents of the prepared data': 'd', 'settings of the prepared data': 's'}
  const factsOf = (noted: object) =>
    preparedFacts(runOf(['data.dir=data'], {identity: {inputs: noted} as TrainedRun['identity']}))

  it('are those that the run was trained on, as long as they are there', () => {
    expect(factsOf(inputs)).toBeNull()
    mkdirSync(join(path, 'data'))
    const manifest = {files: {}, fingerprints: hashes, settings: {'data.minContext': 3}}
    writeFileSync(join(path, 'data', 'manifest.json'), JSON.stringify(manifest))
    expect(factsOf(inputs)).toEqual({settings: {'data.minContext': 3}, origins: {}, given: ['data.tokenizer']})
    for (const name of Object.keys(inputs)) expect(factsOf({...inputs, [name]: 'other'})).toBeNull()
  })

  it.each([
    ['their proxy', {proxy: 'p', tokenizer: 't'}, {}, '--documents DOCUMENTS --proxy PROXY --out DATA'],
    [
      'every other model and tokenizer',
      {proxy: 'p', 'difficulty model': 'm'},
      {'data.tokenizer': {id: 'owner/words', kind: 'model', revision: 'a'.repeat(40)}},
      `--proxy PROXY --difficulty-model DIFFICULTY_MODEL --tokenizer hf:owner/words@${'a'.repeat(40)} --out`,
    ],
    ['no proxy where there is none', {proxy: 'none'}, {}, '--documents DOCUMENTS --tokenizer TOKENIZER --out DATA'],
    [
      'a tokenizer beside its proxy where the manifest notes it',
      {proxy: 'p', tokenizer: 't'},
      {},
      '--documents DOCUMENTS --proxy PROXY --tokenizer TOKENIZER --out DATA',
      ['data.tokenizer', 'data.proxy'],
    ],
  ])('are prepared again with %s', (_, fingerprints, origins, command, given?: readonly string[]) => {
    mkdirSync(join(path, 'data'), {recursive: true})
    const manifest = {files: {}, fingerprints: {...hashes, ...fingerprints}, settings: {}, origins, given}
    writeFileSync(join(path, 'data', 'manifest.json'), JSON.stringify(manifest))
    expect(preparationNotes(factsOf(inputs)!).join('\n')).toContain(command)
  })

  it('name the data sets of the Hub, each once', () => {
    const origin = (id: string, kind: 'model' | 'dataset') => ({id, kind, revision: 'v1'})
    const origins = {'model.path': origin('owner/base', 'model'), 'sft.completions': origin('owner/rows', 'dataset')}
    const prepared = {
      settings: {},
      given: [],
      origins: {'data.documents': origin('a/b', 'dataset'), x: origins['sft.completions']},
    }
    expect(datasetsOf(runOf([], {origins}), prepared)).toEqual(['a/b', 'owner/rows'])
  })
})

describe('how to use a checkpoint', () => {
  it('takes the tokenizer of the base where the checkpoint has none', () => {
    const tokenizerOf = (run: TrainedRun, from: typeof base | null) =>
      /AutoTokenizer\.from_pretrained\("(.*)"\)/.exec(usageSection('me/toy', run, from, null))![1]
    expect(tokenizerOf(runOf([]), base)).toBe('owner/base')
    expect(tokenizerOf(runOf([]), null)).toBe('me/toy')
    writeFileSync(join(path, 'tokenizer.json'), '{}')
    expect(tokenizerOf(runOf([]), base)).toBe('me/toy')
  })

  it('adds no special tokens to what a chat template wrote', () => {
    const prompt = {before: 'a', after: 'b', subject: 'The question', maxNewTokens: 5}
    const sectionOf = (isChat: boolean) => usageSection('me/toy', runOf([]), base, {...prompt, isChat})
    expect(sectionOf(true)).toContain('return_tensors="pt", add_special_tokens=False)')
    expect(sectionOf(false)).toContain('return_tensors="pt")')
  })

  it('asks what it was trained on, as far as template and tokenizer are there', async () => {
    const subjectOf = async (sets: readonly string[], folder = writeTokenizer(byteLevel(), byteLevelConfig)) =>
      (await promptOf(runOf(sets, {folder})))?.subject
    expect(await subjectOf(['train.objective=rpt'])).toBe('The text to continue')
    expect(await subjectOf(['train.objective=rlvr'])).toBe('The question')
    expect(await subjectOf(['train.objective=ntp'])).toBeUndefined()
    expect(await subjectOf(['train.objective=rpt'], path)).toBeUndefined()
    expect(await subjectOf(['train.objective=rpt', 'prompt.templateFile=gone.txt'])).toBeUndefined()
  })
})
