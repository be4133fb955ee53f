import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {loadConfig, valueAt} from '../../../src/core/config/load.js'
import {UsageError} from '../../../src/core/util/errors.js'

const cwd = '/somewhere'

function set(argument: string): unknown {
  return valueAt(loadConfig({sets: [argument], cwd}).config, argument.slice(0, argument.indexOf('=')))
}

describe('a text of --set', () => {
  it.each([
    ['data.separator="\\n"', '\n'],
    ["data.separator='\\n'", '\\n'],
    ["data.separator='it''s'", "it's"],
    ['data.separator=, ', ', '],
    ['data.separator= ', ' '],
    ['data.separator=""', ''],
    ['data.separator=#', '#'],
    ['data.separator= # ', ' # '],
    ['data.separator=a\nb', 'a\nb'],
    ['data.separator="null"', 'null'],
    ['data.separator=" says he', '" says he'],
    ['prompt.template={context}<think>', '{context}<think>'],
    ['prompt.template={context}', '{context}'],
    ['prompt.template=### Text {context}', '### Text {context}'],
    ['prompt.template=Text: {context} # and on', 'Text: {context} # and on'],
    ['prompt.template="Text:\\n{context}"', 'Text:\n{context}'],
    ['data.split=1', '1'],
    ['data.split=yes', 'yes'],
    ['data.subset=1e3', '1e3'],
    ['out=yes', '/somewhere/yes'],
    ['out=a: b', '/somewhere/a: b'],
    ['out=*.d', '/somewhere/*.d'],
    ['out="a # b"', '/somewhere/a # b'],
    ['out=C:\\new\\table', '/somewhere/C:\\new\\table'],
  ])('%j is %j', (argument, expected) => {
    expect(set(argument)).toBe(expected)
  })

  it.each(['data.separator="\\q"', 'data.separator="a" and "b"'])(
    '%s is refused: it is quoted and no YAML',
    (argument) => expect(() => set(argument)).toThrow(/is not valid YAML/),
  )
})

describe('a list of --set', () => {
  it.each([
    ['data.textField=[a, b]', ['a', 'b']],
    ['data.textField=a,b', ['a', 'b']],
    ['data.textField=a', 'a'],
    ['data.textField="a, b"', 'a, b'],
    ['data.textField="a, b",c', ['a, b', 'c']],
    ['data.textField=1', '1'],
    ['rollout.stop= END', [' END']],
    ['rollout.stop= END , B ', [' END ', 'B ']],
    ['eval.modes= standard , reasoning', ['standard', 'reasoning']],
    ['data.thresholds=0.1, 0.2,0.3', [0.1, 0.2, 0.3]],
    ['checkpoint.steps=[]', []],
    ['sweep.axes={seed: [1, 2]}', {seed: [1, 2]}],
  ])('%s', (argument, expected) => {
    expect(set(argument)).toEqual(expected)
  })
})

describe('what is no value', () => {
  it.each([
    'train.steps=',
    'train.steps= ',
    'train.steps=# ten',
    'checkpoint.steps=1,',
    'data.textField=',
    'data.separator=',
    'out=',
    'out= ',
    'memory.check=',
  ])('--set %s is refused', (argument) => {
    expect(() => set(argument)).toThrow(/has no value/)
  })

  it.each([
    ['train.steps', 'train.steps=7', 1000],
    ['data.separator', 'data.separator=x', '\n\n'],
    ['checkpoint.steps', 'checkpoint.steps=1', []],
  ])('null puts the default of %s back', (key, before, expected) => {
    const {config, sources} = loadConfig({sets: [before, `${key}=null`], cwd})
    expect([valueAt(config, key), sources.get(key)]).toEqual([expected, 'default'])
  })

  it.each([
    ['train.steps=!many 7', /Unresolved tag/],
    ['sweep.axes=&a {seed: [*a]}', /not valid YAML/],
    ['train.steps=[1', /not valid YAML/],
  ])('--set %s', (argument, message) => {
    expect(() => set(argument)).toThrow(message)
  })
})

describe('flags', () => {
  const flagged = (flags: Record<string, unknown>) => loadConfig({command: 'eval', flags, cwd}).config

  it('take a text as the shell gives it, and lists with commas', () => {
    expect(flagged({out: '"quoted"', data: 'null', mode: 'standard,reasoning'})).toMatchObject({
      out: '/somewhere/"quoted"',
      data: {dir: '/somewhere/null'},
      eval: {modes: ['standard', 'reasoning']},
    })
  })

  it.each([{out: ''}, {data: ' '}, {mode: ''}, {doc: ''}, {config: ['a.yaml', '']}])('%j is refused', (flags) => {
    expect(() => flagged(flags)).toThrow(/^config: --\w+ has no value$/)
  })
})

describe('the home folder', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rpt-home-'))
    vi.stubEnv('HOME', join(folder, 'me'))
  })

  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, {recursive: true})
  })

  it('is what ~/ means in files, --set and flags, in lists, and in the path of a config file', () => {
    mkdirSync(join(folder, 'me'))
    writeFileSync(join(folder, 'me', 'a.yaml'), 'data: {proxy: ~/proxy, dir: "~"}\nsweep: {runs: [~/one, two]}\n')
    const {config} = loadConfig({
      files: ['~/a.yaml'],
      sets: ['model.path=~/m', 'data.tokenizer=~'],
      flags: {out: '~/o'},
      cwd,
    })
    const home = join(folder, 'me')
    expect([config.data.proxy, config.data.dir, config.model.path, config.data.tokenizer, config.out]).toEqual([
      join(home, 'proxy'),
      home,
      join(home, 'm'),
      home,
      join(home, 'o'),
    ])
    expect(config.sweep.runs).toEqual([join(home, 'one'), join(home, 'two')])
  })

  it('of somebody else is not known', () => {
    const refused = () => loadConfig({sets: ['out=~you/x'], cwd})
    expect(refused).toThrow(UsageError)
    expect(refused).toThrow(/out \(set by --set\): ~you\/x begins with ~you; only ~\//)
  })

  it.each([undefined, '', 'me'])('is refused where HOME is %j', (home) => {
    vi.stubEnv('HOME', home)
    expect(() => loadConfig({flags: {out: '~/x'}, cwd})).toThrow(/but HOME is/)
    expect(loadConfig({flags: {out: './~/x', data: 'a~/b'}, cwd}).config).toMatchObject({
      out: '/somewhere/~/x',
      data: {dir: '/somewhere/a~/b'},
    })
  })
})
