import {existsSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {inspect} from '../../../src/core/report/inspect.js'
import type {RunInspection} from '../../../src/core/report/inspection.js'
import {renderInspect} from '../../../src/core/report/render-inspect.js'
import {type LedgerRow, ledgerTable, type RolloutRow, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {Interrupted} from '../../../src/core/util/errors.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
const small = ['train.steps=4', 'grpo.groupSize=2', 'grpo.contextsPerStep=8']
const dynamic = ['grpo.contextsPerStep=32', 'grpo.dynamicSampling.fromStep=2', 'grpo.dynamicSampling.maxBatches=50']

const at = (...names: string[]) => join(workspace.folder, ...names)
const ledgerOf = (out: string) => readTable(at(out, 'ledger.arrow'), ledgerTable)
const begin = (out: string, changes: readonly string[], services = toyServices()) =>
  train(toyConfig(workspace, out, [...small, ...changes]), services)
const rolloutsOf = (out: string, steps = 4): RolloutRow[] =>
  Array.from({length: steps}, (_, i) =>
    readTable(at(out, 'rollouts', `step-00000${i + 1}.arrow`), rolloutsTable),
  ).flat()

beforeAll(async () => {
  workspace = await toyWorkspace()
  await begin('whole', dynamic)
})

/** The same, counted row by row in another way. */
function recount(rows: readonly RolloutRow[], {doc_id, position}: Pick<LedgerRow, 'doc_id' | 'position'>) {
  const own = rows.filter((row) => row.doc_id === doc_id && row.position === position)
  const groups = [...new Set(own.map(({step, group}) => `${step} ${group}`))].map((name) =>
    own.filter(({step, group}) => `${step} ${group}` === name),
  )
  return {
    drawn: groups.length,
    with_signal: groups.filter((group) => group.some(({reward}) => reward !== group[0].reward)).length,
    completions: own.length,
    correct: own.reduce((sum, {correct}) => sum + Number(correct), 0),
    last_step: own.length > 0 ? own.reduce((last, {step}) => Math.max(last, step), 0) : null,
  }
}

describe('the ledger of a run', () => {
  it('has a row for every training position, drawn or not, with what the rollouts say of it', async () => {
    const {trainPositions} = await openPrepared(workspace.data)
    const ledger = ledgerOf('whole')
    const known = Array.from(trainPositions, ({docId, position, difficulty, entropy}) => ({
      doc_id: docId,
      position,
      split: difficulty,
      entropy,
      task: 'next-token',
      item: `${docId}@${position}`,
    }))
    const rollouts = rolloutsOf('whole')
    expect(ledger).toEqual(known.map((item) => ({...item, ...recount(rollouts, item)})))
    const sum = (name: 'completions' | 'correct') => ledger.reduce((total, row) => total + row[name], 0)
    expect(sum('completions')).toBe(rollouts.length)
    expect(sum('correct')).toBe(rollouts.filter(({correct}) => correct).length)
    expect(ledger.some(({with_signal}) => with_signal > 0)).toBe(true)
    expect(ledger.some(({with_signal, drawn}) => with_signal < drawn)).toBe(true)
    expect(ledger.some(({drawn}) => drawn > 1)).toBe(true)
  })

  it('is the same after a stop and a resume, and there is none in between', async () => {
    const stop = new AbortController()
    const services = toyServices({signal: stop.signal})
    const stage = {advance: () => stop.abort(), note() {}, done() {}}
    const progress = {...services.progress, stage: () => stage}
    await expect(begin('stopped', dynamic, {...services, progress})).rejects.toThrow(Interrupted)
    expect(existsSync(at('stopped', 'ledger.arrow'))).toBe(false)
    await begin('stopped', dynamic, toyServices({resume: true}))
    expect(readFileSync(at('stopped', 'ledger.arrow'))).toEqual(readFileSync(at('whole', 'ledger.arrow')))
  })

  it('counts steps that are added later, and says which rollouts are gone', async () => {
    await begin('longer', ['train.steps=2'])
    expect(ledgerOf('longer').every(({last_step}) => last_step === null || last_step <= 2)).toBe(true)
    rmSync(at('longer', 'rollouts', 'step-000001.arrow'))
    const lines: string[] = []
    await begin('longer', ['train.steps=3'], toyServices({resume: true}, lines))
    expect(ledgerOf('longer').reduce((sum, {completions}) => sum + completions, 0)).toBe(2 * 8 * 2)
    expect(lines).toContain(
      'train: ledger.arrow counts 2 of 3 steps: the rollouts of the others are missing or damaged',
    )
  })

  it('is left by no objective without rollouts', async () => {
    await begin('ntp', ['train.objective=ntp', 'train.steps=1'])
    expect(existsSync(at('ntp', 'ledger.arrow'))).toBe(false)
  })
})

describe('inspect', () => {
  const look = async () => (await inspect(at('whole'), {rows: 1})) as RunInspection

  it('says what was never drawn and where rewards never differed', async () => {
    const ledger = ledgerOf('whole')
    const drawn = ledger.filter((row) => row.drawn > 0)
    const found = await look()
    expect(found.ledger).toEqual({
      items: ledger.length,
      drawn: drawn.length,
      draws: drawn.reduce((sum, row) => sum + row.drawn, 0),
      always_right: drawn.filter(({correct, completions}) => correct === completions).length,
      never_right: drawn.filter(({correct}) => correct === 0).length,
      without_signal: drawn.filter(({with_signal}) => with_signal === 0).length,
    })
    expect(found.ledger!.never_right).toBeGreaterThan(0)
    const text = renderInspect(found).join('\n')
    expect(text).toContain(`Ledger: ${drawn.length} of ${ledger.length} items drawn`)
    expect(text).toMatch(
      /Of those drawn, [\d.]+% were always right and [\d.]+% never; [\d.]+% never had rewards that differ\.$/m,
    )
  })

  it('counts the same from the rollouts of a run that is not complete', async () => {
    const whole = (await look()).ledger
    rmSync(at('whole', 'ledger.arrow'))
    const found = await look()
    expect(found.ledger).toEqual({...whole, items: null})
    expect(renderInspect(found).join('\n')).toMatch(/Ledger: \d+ items drawn so far/)
  })
})
