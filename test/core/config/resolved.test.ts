import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {configHash, resolvedYaml} from '../../../src/core/config/resolved.js'

/** Several lines, longer than the 40 letters from which YAML writers like to break them, with quotes and comments in it. */
const turns = '<|user|>\nHow many "apples" are left? # {context}\n\n<|assistant|>\n\\boxed{17}: so it is\n'.repeat(3)

const sets = [
  `data.separator=${JSON.stringify(turns)}`,
  `sweep.axes=${JSON.stringify({'prompt.templateFile': ['a'], 'eval.forcedThought': [turns, '']})}`,
  'seed=3',
  'prompt.template="quoted" # {context}\n',
  'eval.forcedThought= yes: no',
  'data.dir=d',
]

it.each([
  ['with long texts', sets],
  ['with lists', [...sets, 'sweep.axes={grpo.groupSize: [4, 8], train.objective: [rpt]}']],
])('a resolved configuration %s, loaded again, is the same configuration', (_, given) => {
  const cwd = mkdtempSync(join(tmpdir(), 'rpt-resolved-'))
  const {config, sources} = loadConfig({sets: given, cwd})
  writeFileSync(join(cwd, 'config.resolved.yaml'), resolvedYaml(config, sources))
  const again = loadConfig({files: ['config.resolved.yaml'], cwd})
  expect(again.config).toEqual(config)
  expect(configHash(again.config)).toBe(configHash(config))
  rmSync(cwd, {recursive: true})
})

it('every line that sets something says where its value came from', () => {
  const {config, sources} = loadConfig({sets, cwd: '/work-folder'})
  const lines = resolvedYaml(config, sources).trimEnd().split('\n')
  expect(lines.find((line) => line.startsWith('seed:'))).toMatch(/^seed: 3 +# --set$/)
  expect(lines.find((line) => line.startsWith('device:'))).toMatch(/^device: "auto" +# default$/)
  expect(lines.filter((line) => !/ # |:$/.test(line))).toEqual([])
})

it('the hash moves with any setting except those it is told to ignore', () => {
  const hash = (...given: string[]) => configHash(loadConfig({sets: given, cwd: '/w'}).config, ['threads'])
  expect(hash('seed=1')).not.toBe(hash())
  expect(hash('threads=2')).toBe(hash())
  expect(hash()).toMatch(/^[0-9a-f]{64}$/)
})

it('a source that has a line end stays a comment', () => {
  const {config, sources} = loadConfig({sets, cwd: '/work-folder'})
  const yaml = resolvedYaml(config, new Map([...sources, ['device', 'run a\nseed: 4']]))
  expect(yaml).toMatch(/^device: "auto" +# run a\\x0aseed: 4$/m)
})
