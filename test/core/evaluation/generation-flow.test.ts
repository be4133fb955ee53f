import {readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, expect, it} from 'vitest'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {planOf} from '../../../src/core/planning/plan.js'
import {predictionsTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {shownSettings} from '../../support/shown-settings.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

const drawn = ['eval.modes=reasoning', 'eval.samples=2', 'eval.limit=4', 'eval.bootstraps=5']
let toy: ToyWorkspace
let file: string

beforeAll(async () => {
  toy = await toyWorkspace()
  file = join(toy.base, 'generation_config.json')
})

/** Texts of all predictions in the folder of a run. */
function textsOf(out: string): (string | null)[] {
  const folder = join(toy.folder, out, 'eval')
  return readdirSync(folder).flatMap((name) =>
    readTable(join(folder, name), predictionsTable).map(({completion_text}) => completion_text),
  )
}

const recorded = (out: string) => readFileSync(join(toy.folder, out, 'config.resolved.yaml'), 'utf8')

it('rpt eval samples as generation_config.json says, unless it is told, and records it', async () => {
  const run = async (out: string, changes: readonly string[] = []) => {
    await evaluate(toyConfig(toy, out, [...drawn, ...changes]), toyServices({command: 'eval'}))
    return textsOf(out)
  }
  const usual = await run('usual')
  const told = await run('told', ['eval.temperature=5'])
  writeFileSync(file, '{"temperature": 5}')
  expect(await run('taken')).toEqual(told)
  expect(told).not.toEqual(usual)
  expect(recorded('taken')).toMatch(/temperature: 5 +# .*generation_config\.json/)
  rmSync(file)
})

it('so do evaluations while training, a resumed run too', async () => {
  writeFileSync(file, '{"temperature": 5}')
  const lines: string[] = []
  const settings = [...drawn, 'eval.every=1']
  await train(toyConfig(toy, 'run', [...settings, 'train.steps=1']), toyServices({}, lines))
  expect(lines.filter((line) => /^train: eval\.temperature is 5, as of/.test(line))).toHaveLength(1)
  await train(toyConfig(toy, 'run', [...settings, 'train.steps=2']), toyServices({resume: true}))
  await train(toyConfig(toy, 'same', [...settings, 'train.steps=2', 'eval.temperature=5']), toyServices())
  expect(textsOf('run')).toEqual(textsOf('same'))
  expect(recorded('run')).toMatch(/temperature: 5 +# .*generation_config\.json/)
  // The dry run shows what the run records, which `--resume` compares from the first evaluation on.
  const shown = await shownSettings('train', {config: toyConfig(toy, 'dry', settings), sources: new Map()})
  expect([shown.config.eval.temperature, shown.sources.get('eval.temperature')]).toEqual([5, file])
  await train(toyConfig(toy, 'late', [...drawn, 'train.steps=1']), toyServices())
  await train(toyConfig(toy, 'late', [...settings, 'train.steps=2']), toyServices({resume: true}))
  // That of step 1 is due now, and is made first.
  expect(readdirSync(join(toy.folder, 'late', 'eval'))).toEqual(['step-000001.arrow', 'step-000002.arrow'])
  rmSync(file)
})

it('end tokens of generation_config.json are inputs of a run: others are refused at --resume', async () => {
  const goOn = (steps: number, resume: boolean) =>
    train(toyConfig(toy, 'ended', [`train.steps=${steps}`]), toyServices({resume}))
  const compare = (resume: boolean) =>
    evaluate(toyConfig(toy, 'eval-ended', drawn), toyServices({command: 'eval', resume}))
  await goOn(1, false)
  await compare(false)
  writeFileSync(file, '{"eos_token_id": [2, 5]}')
  await expect(goOn(2, true)).rejects.toThrow('end tokens of model changed')
  await expect(compare(true)).rejects.toThrow(/end tokens of model base step 0 changed/)
  const dry = planOf('train', toyConfig(toy, 'ended', ['train.steps=2']), toyServices({resume: true}))
  await expect(dry).rejects.toThrow('end tokens of model changed')
  rmSync(file)
  await goOn(2, true)
})
