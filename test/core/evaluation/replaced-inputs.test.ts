import {cpSync, existsSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {evalTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {DataError} from '../../../src/core/util/errors.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {toyServices, toySettings} from '../../support/toy-run.js'
import {ToyEvaluations} from './toy-evaluations.js'

const toy = await ToyEvaluations.make()
const at = (name: string) => join(toy.folder, name)

it('an evaluation whose template is replaced stops before a model is evaluated in the new one, and goes on in the old', async () => {
  writeFileSync(at('template.txt'), '{context}')
  cpSync(toy.base, at('second'), {recursive: true})
  const models = `eval.models=${JSON.stringify([toy.base, at('second')])}`
  const template = `prompt.templateFile=${at('template.txt')}`
  const {config, sources} = toy.load('eval', [models, template, 'eval.modes=[standard]', 'rollout.maxTokens=6'], 'eval')
  const stage = (name: string) => {
    if (name.startsWith('evaluate ')) writeFileSync(at('template.txt'), 'Next: {context}')
    return silentProgress.stage(name)
  }
  const stopped = evaluate(config, {...toyServices({command: 'eval', progress: {...silentProgress, stage}}), sources})
  await expect(stopped).rejects.toThrow(DataError)
  await expect(stopped).rejects.toThrow('eval: changed while they were in use: prompt.templateFile')
  const runs = () => [...new Set(readTable(at('eval/eval.arrow'), evalTable).map(({run}) => run))]
  expect(runs()).toEqual(['base'])
  writeFileSync(at('template.txt'), '{context}')
  await evaluate(config, {...toyServices({command: 'eval', resume: true}), sources})
  expect(runs()).toEqual(['base', 'second'])
})

it('training on rows that are replaced once they are read is refused: they would be recorded as the others', async () => {
  const rowOf = (prompt: string) => `${JSON.stringify({prompt, completion: ' B'})}\n`
  writeFileSync(at('rows.jsonl'), rowOf('A'))
  const sets = [`sft.completions=${at('rows.jsonl')}`, `model.path=${toy.base}`, 'train.steps=1', ...toySettings]
  const {config} = toy.load('train', ['train.objective=sft', ...sets], 'sft')
  const log = (line: string) => {
    if (line.startsWith('memory:')) writeFileSync(at('rows.jsonl'), rowOf('A B C'))
  }
  const training = train(config, toyServices({progress: {...silentProgress, log}}))
  await expect(training).rejects.toThrow('train: changed while they were in use: sft.completions')
  expect(existsSync(at('sft'))).toBe(false)
})
