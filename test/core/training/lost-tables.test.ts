import {cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {basename, join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {evalTable, ledgerTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {DataError} from '../../../src/core/util/errors.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

const settings = ['train.objective=rpt', 'train.steps=2', 'checkpoint.every=1']
const evaluated = ['eval.every=1', 'eval.modes=[standard]', 'eval.limit=4', 'eval.bootstraps=20']
let workspace: ToyWorkspace
const at = (...parts: string[]) => join(workspace.folder, ...parts)
const configOf = (out: string) => toyConfig(workspace, out, [...settings, ...evaluated])

beforeAll(async () => {
  workspace = await toyWorkspace()
  await train(configOf('whole'), toyServices())
})

function copyOf(name: string): string {
  cpSync(at('whole'), at(name), {recursive: true})
  return at(name)
}

/** A copy of the run as it was before step 2 was saved. */
function halfOf(name: string): string {
  const run = copyOf(name)
  rmSync(join(run, 'checkpoints', 'step-000002'), {recursive: true})
  return run
}

/** Goes on with a run; returns what it said. */
async function resume(run: string): Promise<string> {
  const lines: string[] = []
  await train(configOf(basename(run)), toyServices({resume: true}, lines))
  return lines.join('\n')
}

describe('a run that goes on', () => {
  it('under another name gives it to the evaluations that it has', async () => {
    const run = halfOf('renamed')
    await resume(run)
    const names = readTable(join(run, 'eval.arrow'), evalTable).map((row) => `${row.run} ${row.step}`)
    expect(new Set(names)).toEqual(new Set(['renamed 1', 'renamed 2']))
    expect(await runContents(run, 2)).toEqual(await runContents(at('whole'), 2))
  })

  it('says which accuracies are lost', async () => {
    expect(await resume(halfOf('complete'))).not.toContain('lost')
    const run = copyOf('without-accuracies')
    rmSync(join(run, 'eval.arrow'))
    expect(await resume(run)).toMatch(/eval.arrow has no accuracies of step 1; they are lost/)
    expect(new Set(readTable(join(run, 'eval.arrow'), evalTable).map(({step}) => step))).toEqual(new Set([2]))
  })

  it('ends though the rollouts of a step are damaged, and names them', async () => {
    const run = halfOf('without-rollouts')
    const file = join(run, 'rollouts', 'step-000001.arrow')
    truncateSync(file, 1000)
    const said = await resume(run)
    expect(said).toContain(`ledger.arrow leaves out a step: ${file} is damaged`)
    expect(said).toContain('ledger.arrow counts 1 of 2 steps')
    const drawn = readTable(join(run, 'ledger.arrow'), ledgerTable).filter((row) => row.drawn > 0)
    expect(new Set(drawn.map((row) => row.last_step))).toEqual(new Set([2]))
  })

  it.each(['metrics.arrow', 'eval.arrow'])('where %s is damaged says how to go on without it', async (name) => {
    const run = copyOf(`damaged-${name}`)
    writeFileSync(join(run, name), 'x'.repeat(5000))
    const error: unknown = await resume(run).catch((caught) => caught)
    expect(error).toBeInstanceOf(DataError)
    expect((error as DataError).suggestions).toContain(
      `move ${name} out of ${run}: --resume goes on without what it holds`,
    )
    renameSync(join(run, name), at(name))
    const said = await resume(run)
    expect(said).toContain('lost')
    const isCounted = name !== 'metrics.arrow'
    const {compute} = JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8'))
    expect(compute !== null).toBe(isCounted)
    expect(said.includes('compute is null in summary.json: metrics.arrow has only 0 of 2 steps')).toBe(!isCounted)
  })
})
