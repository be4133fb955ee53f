import {describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {
  evaluationSettings,
  recordedSettings,
  sayTakenOver,
  withRunSettings,
} from '../../../src/core/evaluation/run-settings.js'
import {nextToken} from '../../../src/core/tasks/next-token.js'
import {checkpointOf} from '../../support/run-of.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {toyServices} from '../../support/toy-run.js'

function evaluated(folder: string, sets: readonly string[] = []) {
  const lines: string[] = []
  const {config, sources} = loadConfig({sets, cwd: folder})
  const given = {config, sources}
  const loaded = withRunSettings(given, folder, nextToken)
  sayTakenOver(given, loaded, nextToken, toyServices({}, lines).progress)
  const {prompt, rollout, reward} = loaded.config
  return {
    prompt,
    template: prompt.template,
    maxTokens: rollout.maxTokens,
    stop: rollout.stop,
    reward,
    sources: loaded.sources,
    lines,
  }
}

describe('a run is evaluated', () => {
  const trained = ['prompt.template=bare', 'rollout.maxTokens=24']

  it('in the template and length it was trained with, and that is said', () => {
    const {template, maxTokens, lines} = evaluated(checkpointOf(trained))
    expect({template, maxTokens}).toEqual({template: 'bare', maxTokens: 24})
    expect(lines.join('\n')).toMatch(/prompt\.template is bare.*\n.*rollout\.maxTokens is 24/)
  })

  it('with the stop texts it was trained with, and that is said', () => {
    const folder = checkpointOf([...trained, 'rollout.stop=["\\n\\n", "###"]'])
    expect(evaluated(folder).stop).toEqual(['\n\n', '###'])
    expect(evaluated(folder).lines.join('\n')).toContain('rollout.stop is ["\\n\\n","###"], as of run')
    expect(evaluated(folder, ['rollout.stop=[]']).stop).toEqual([])
    const same = recordedSettings(
      ['m0', 'm1'].map((name) => ({name, loaded: withRunSettings(loadConfig({cwd: folder}), folder, nextToken)})),
      nextToken,
    )
    expect(same.config.rollout.stop).toEqual(['\n\n', '###'])
  })

  it('as it is told, where it is told', () => {
    expect(evaluated(checkpointOf(trained), ['prompt.template=v1'])).toMatchObject({template: 'v1', maxTokens: 24})
  })

  it('with the given settings where no thoughts were trained, and so is a plain checkpoint', () => {
    expect(evaluated(checkpointOf([...trained, 'train.objective=ntp'])).template).toBe('auto')
    expect(evaluated(temporaryFolder()).template).toBe('auto')
  })

  it('with all its lengths, and with templates group by group', () => {
    const folder = checkpointOf([...trained, 'prompt.maxTokens=99', 'reward.maxReferenceTokens=4', 'seed=9'])
    const {prompt, reward, sources, lines} = evaluated(folder, ['prompt.chatTemplate=none'])
    expect({...prompt, ...reward}).toMatchObject({template: 'bare', maxTokens: 99, maxReferenceTokens: 4})
    expect(sources.get('prompt.maxTokens')).toMatch(/^run /)
    expect(sources.get('prompt.chatTemplate')).toBe('--set')
    expect(sources.get('seed')).toBe('default')
    expect(lines).toHaveLength(4)
    expect(evaluated(folder, ['prompt.templateFile=mine.txt']).template).toBe('auto')
  })

  it('in the template of its rows, if it was fine-tuned; one that does not know it must be told', () => {
    const tuned = [...trained, 'train.objective=sft', 'prompt.chatTemplate=auto', 'prompt.chatTemplateFile=chat.jinja']
    const known = evaluated(checkpointOf([...tuned, 'sft.template=v3', 'sft.chatTemplate=none'])).prompt
    expect(known).toMatchObject({template: 'v3', chatTemplate: 'none', chatTemplateFile: undefined})
    expect(evaluated(checkpointOf([...tuned, 'sft.template=v3'])).prompt.chatTemplateFile).toMatch(/chat\.jinja$/)
    const unknown = checkpointOf(tuned)
    expect(() => evaluated(unknown)).toThrow(/mode reasoning needs it/)
    expect(evaluated(unknown, ['eval.modes=standard']).template).toBe('auto')
    expect(evaluated(unknown, ['prompt.template=v0'])).toMatchObject({template: 'v0', maxTokens: 24})
    expect(evaluated(unknown, ['prompt.templateFile=own.txt']).prompt.templateFile).toMatch(/own\.txt$/)
  })

  it('and recorded group by group: none of a group in which models differ, so that it is taken over again', () => {
    const folders = [checkpointOf(trained), checkpointOf([...trained, 'prompt.templateFile=own.txt'])]
    const models = folders.map((folder, i) => ({
      name: `m${i}`,
      loaded: withRunSettings(loadConfig({cwd: folder}), folder, nextToken),
    }))
    const {config, sources} = recordedSettings(models, nextToken)
    expect(config.prompt).toMatchObject({template: undefined, templateFile: undefined, maxTokens: 4096})
    expect(sources.get('prompt.template')).toBe('by model: m0 "bare", m1 "bare"')
    expect(sources.get('prompt.templateFile')).toMatch(/m0 null, m1 ".*own\.txt"/)
    expect(sources.get('rollout.maxTokens')).toMatch(/^run .*, run /)
    expect(recordedSettings([models[0]], nextToken).config.prompt.template).toBe('bare')
  })
})

describe('a run is evaluated while it trains', () => {
  const templateIn = (...sets: string[]) => evaluationSettings(loadConfig({sets, cwd: '/'})).prompt.template

  it('in the template of its rows or prompts, unless one is given, and as given where it has neither', () => {
    expect(templateIn('train.objective=sft', 'sft.template=bare')).toBe('bare')
    expect(templateIn('train.objective=sft', 'sft.template=bare', 'prompt.template=v1')).toBe('v1')
    expect(templateIn('train.objective=sft', 'sft.template=bare', 'prompt.templateFile=own.txt')).toBe('auto')
    expect(templateIn('train.objective=rpt', 'prompt.template=bare')).toBe('bare')
    expect(templateIn('train.objective=ntp')).toBe('auto')
  })

  it('without thoughts, where the template of its rows is not known and none is given', () => {
    expect(templateIn('train.objective=sft', 'eval.modes=standard')).toBe('auto')
    expect(templateIn('train.objective=sft', 'prompt.template=v1')).toBe('v1')
    expect(templateIn('train.objective=sft', 'prompt.templateFile=own.txt')).toBe('auto')
    expect(() => templateIn('train.objective=sft')).toThrow(
      /asks for mode reasoning, but the template of the rows is not/,
    )
  })
})
