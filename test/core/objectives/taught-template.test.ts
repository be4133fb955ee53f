import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {withTaughtTemplate} from '../../../src/core/objectives/taught-template.js'
import {nextToken} from '../../../src/core/tasks/next-token.js'
import {questions} from '../../../src/core/tasks/questions.js'
import {startingSettings} from '../../../src/core/training/open-training.js'
import {checkpointOf} from '../../support/run-of.js'
import {toyServices} from '../../support/toy-run.js'

/** Settings of work that goes on from a run, and what is said of them. */
function goingOn(checkpoint: string, sets: readonly string[] = []) {
  const lines: string[] = []
  const given = loadConfig({sets: [`model.path=${checkpoint}`, ...sets], cwd: checkpoint})
  return {given, lines, services: toyServices({}, lines)}
}

const bare = ['prompt.template=bare', 'prompt.chatTemplate=none']

it.each([
  ['rpt', [...bare]],
  ['sft', ['train.objective=sft', 'sft.completions=a.jsonl', 'sft.template=bare', 'sft.chatTemplate=none']],
])('work that goes on from a run of objective %s is in its template, and says so', async (_, sets) => {
  const {given, lines, services} = goingOn(checkpointOf(sets))
  const {config, sources} = await withTaughtTemplate(given, nextToken, services)
  expect(config.prompt).toMatchObject({template: 'bare', chatTemplate: 'none'})
  expect(sources.get('prompt.template')).toMatch(/^run /)
  expect(lines.join('\n')).toMatch(/prompt\.template is bare, as of run .*\n.*prompt\.chatTemplate is none, as of run/)
})

it.each([
  ['a template is given, with a warning', bare, ['prompt.template=v1', 'prompt.chatTemplate=auto'], 2],
  ['the template of the run is given', bare, bare, 0],
  ['the run was trained on no prompts', [...bare, 'train.objective=ntp'], [], 0],
])('all settings stay as they are where %s', async (_, trained, sets, warnings) => {
  const {given, lines, services} = goingOn(checkpointOf(trained), sets)
  expect((await withTaughtTemplate(given, nextToken, services)).config).toEqual(given.config)
  expect(lines).toHaveLength(warnings)
  if (warnings > 0) expect(lines[0]).toMatch(/prompt\.template is v1, as given; run .* was trained with bare/)
})

it('a template of contexts is none for questions', async () => {
  const {given, services} = goingOn(checkpointOf(['prompt.questionTemplate=Q {question}']))
  const {config} = await withTaughtTemplate(given, questions, services)
  expect(config.prompt.questionTemplate).not.toBe('Q {question}')
})

it('training on rows of text takes over nothing: its prompts are those of the rows', async () => {
  const {given, services} = goingOn(checkpointOf(bare), ['train.objective=sft'])
  expect(await startingSettings(given, services)).toBe(given)
  const onPrompts = goingOn(checkpointOf(bare))
  expect((await startingSettings(onPrompts.given, services)).config.prompt.template).toBe('bare')
})
