import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {planOf} from '../../../src/core/planning/plan.js'
import {evalTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {Interrupted} from '../../../src/core/util/errors.js'
import type {Services} from '../../../src/core/util/services.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

const steps = 3
const settings = [
  `train.steps=${steps}`,
  // Evaluations use the exact weights, which a resumed run has too.
  'checkpoint.dtype=bfloat16',
  'eval.every=1',
  'eval.modes=[standard,reasoning]',
  'eval.limit=4',
  'eval.bootstraps=20',
]
let workspace: ToyWorkspace
const at = (...parts: string[]) => join(workspace.folder, ...parts)
const configOf = (out: string, changes: readonly string[]) => toyConfig(workspace, out, [...settings, ...changes])
const checkpointOf = (out: string, step: number) => at(out, 'checkpoints', `step-00000${step}`)

beforeAll(async () => {
  workspace = await toyWorkspace()
  await train(configOf('whole', []), toyServices())
})

/** Services that call a function when the evaluation of a step begins. */
function atEvaluation(step: number, react: () => void, changes: Partial<Services> = {}): Services {
  const services = toyServices(changes)
  const stage: Services['progress']['stage'] = (name, ...more) => {
    if (name.startsWith('evaluate') && name.includes(`step ${step},`)) react()
    return services.progress.stage(name, ...more)
  }
  return {...services, progress: {...services.progress, stage}}
}

function stoppedAt(step: number): Services {
  const stop = new AbortController()
  return atEvaluation(step, () => stop.abort(), {signal: stop.signal})
}

/** Steps that eval.arrow has. */
const evaluated = (out: string) => {
  const file = at(out, 'eval.arrow')
  return existsSync(file) ? [...new Set(readTable(file, evalTable).map(({step}) => step))] : []
}

/** Goes on to the end, which is to be that of the run that nothing stopped; returns what was said. */
async function goOn(out: string, changes: readonly string[]): Promise<string> {
  const lines: string[] = []
  await train(configOf(out, changes), toyServices({resume: true}, lines))
  const [expected, actual] = await Promise.all(['whole', out].map((run) => runContents(at(run), steps)))
  expect(Object.keys(actual)).toEqual(Object.keys(expected))
  for (const name of Object.keys(expected)) expect(actual[name] === expected[name], name).toBe(true)
  return lines.join('\n')
}

describe('an evaluation while training', () => {
  it('that never ends costs no step that was to be saved, and is made when the run goes on', async () => {
    const changes = ['checkpoint.every=1']
    const die = () => {
      throw new Error('killed')
    }
    await expect(train(configOf('killed', changes), atEvaluation(2, die))).rejects.toThrow('killed')
    expect(existsSync(checkpointOf('killed', 2))).toBe(true)
    expect(evaluated('killed')).toEqual([1])
    const said = await goOn('killed', changes)
    expect(said).not.toMatch(/repeats|lost|evaluated already/)
    expect(evaluated('killed')).toEqual([1, 2, 3])
  })

  it('stops when it is asked to, with its step saved', async () => {
    const changes = ['checkpoint.every=100']
    const stopped = train(configOf('stopped', changes), stoppedAt(1))
    await expect(stopped).rejects.toBeInstanceOf(Interrupted)
    await expect(stopped).rejects.toMatchObject({
      message: 'train: step 1 of 3 is done and saved; its evaluation was stopped',
      suggestions: ['continue with --resume, which begins with that evaluation'],
    })
    expect(existsSync(checkpointOf('stopped', 1))).toBe(true)
    expect(evaluated('stopped')).toEqual([])
    await goOn('stopped', changes)
  })

  it('of the last step is all that is left to do of a run that was stopped there', async () => {
    await expect(train(configOf('last', []), stoppedAt(3))).rejects.toThrow(/step 3 of 3 is done and saved/)
    expect(existsSync(at('last', 'summary.json'))).toBe(false)
    const lines: string[] = []
    await planOf('train', configOf('last', []), toyServices({resume: true, rehearsal: {note: () => {}}}, lines))
    expect(lines.join('\n')).toContain('all 3 steps are taken; the evaluation of the last is left to do')
    expect(lines.join()).not.toContain('already complete')
    expect(await goOn('last', [])).toContain('already complete at step 3')
    expect(existsSync(at('last', 'summary.json'))).toBe(true)
  })
})
