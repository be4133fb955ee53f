import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {sayGeneration, withGeneration} from '../../../src/core/evaluation/generation-settings.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {toyServices} from '../../support/toy-run.js'

const drawn = ['eval.samples=2']

/** A checkpoint folder whose generation_config.json has these fields; none has no such file. */
function checkpoint(fields?: Record<string, unknown>): string {
  const folder = temporaryFolder()
  if (fields) writeFileSync(join(folder, 'generation_config.json'), JSON.stringify(fields))
  return folder
}

function evaluated(folders: readonly string[], sets: readonly string[] = drawn) {
  const given = loadConfig({sets, cwd: '/'})
  const lines: string[] = []
  sayGeneration(given, folders, 'eval', toyServices({}, lines).progress)
  const {config, sources} = withGeneration(given, folders)
  return {temperature: config.eval.temperature, source: sources.get('eval.temperature'), lines}
}

describe('the temperature of sampled completions', () => {
  it('is that of generation_config.json, which is said in one line', () => {
    const folder = checkpoint({do_sample: true, temperature: 0.6})
    const file = join(folder, 'generation_config.json')
    expect(evaluated([folder])).toEqual({
      temperature: 0.6,
      source: file,
      lines: [`eval: eval.temperature is 0.6, as of ${file}`],
    })
  })

  it('is the one given, where one is given, though it is the default', () => {
    const {temperature, lines} = evaluated([checkpoint({temperature: 0.6})], [...drawn, 'eval.temperature=0.8'])
    expect({temperature, lines}).toEqual({temperature: 0.8, lines: []})
  })

  it.each<[string, Record<string, unknown> | undefined, string[]]>([
    ['there is no such file', undefined, drawn],
    ['the file says nothing of it', {eos_token_id: 2, top_p: 1, top_k: 0, repetition_penalty: 1.0}, drawn],
    ['nothing is sampled', {temperature: 0.6, top_p: 0.9}, []],
    ['nothing is sampled in these modes', {temperature: 0.6, top_p: 0.9}, [...drawn, 'eval.modes=standard']],
  ])('stays as it is, and nothing is said, where %s', (_, fields, sets) => {
    expect(evaluated([checkpoint(fields)], sets)).toEqual({temperature: 0.8, source: 'default', lines: []})
  })

  it('is taken from models side by side only where all say the same', () => {
    const [warm, alike, cold] = [0.6, 0.6, 0.3].map((temperature) => checkpoint({temperature}))
    expect(evaluated([warm, alike]).temperature).toBe(0.6)
    for (const [other, shown] of [
      [cold, '0.3'],
      [checkpoint(), 'null'],
    ]) {
      const {temperature, lines} = evaluated([warm, other])
      expect(temperature).toBe(0.8)
      expect(lines).toEqual([`eval: eval.temperature is 0.8: generation_config.json of the models has 0.6, ${shown}`])
    }
  })

  it('is not one that logits cannot be divided by', () => {
    const {temperature, lines} = evaluated([checkpoint({temperature: 0})])
    expect(temperature).toBe(0.8)
    expect(lines).toEqual([expect.stringMatching(/ has 0$/)])
  })
})

it('what would bend the distribution is not done, which is said: always, or where completions are sampled', () => {
  const folder = checkpoint({temperature: 0.7, top_p: 0.8, top_k: 20, repetition_penalty: 1.05})
  const [, warning] = evaluated([folder]).lines
  expect(warning).toMatch(
    /^eval: .*generation_config\.json sets repetition_penalty 1\.05, top_p 0\.8, top_k 20, which rpt does not support; /,
  )
  const [greedy, ...others] = evaluated([folder], []).lines
  expect(greedy).toMatch(
    / sets repetition_penalty 1\.05, which rpt does not support; completions come from the model's whole distribution$/,
  )
  expect(others).toEqual([])
  expect(evaluated([folder], ['eval.modes=standard']).lines, 'no completions').toEqual([])
})
