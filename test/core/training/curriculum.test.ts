import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {openItemOrder} from '../../../src/core/objectives/grpo/item-order.js'
import {planOf} from '../../../src/core/planning/plan.js'
import {prepareData} from '../../../src/core/preparation/prepare-data.js'
import type {KeptPositions} from '../../../src/core/prepared/kept-positions.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import {difficulties} from '../../../src/core/records/records.js'
import {metricsTable, readTable, rolloutsTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {DataError, Interrupted} from '../../../src/core/util/errors.js'
import {groupBy} from '../../../src/core/util/group-by.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

/** Data of which a third each is easy, medium and hard. */
beforeAll(async () => {
  workspace = await toyWorkspace()
  const {trainPositions} = await openPrepared(workspace.data)
  const entropies = Float32Array.from(trainPositions, ({entropy}) => entropy).sort()
  const [medium, hard] = [1, 2].map((third) => entropies[Math.floor((third * entropies.length) / 3)])
  workspace = {...workspace, data: join(workspace.folder, 'levels')}
  const sets = [
    `data.documents=${join(workspace.folder, 'corpus.jsonl')}`,
    `data.proxy=${workspace.base}`,
    `out=${workspace.data}`,
    'data.valDocuments=2',
    'data.minContext=2',
    'data.selectThreshold=0',
    `data.thresholds=[0,${medium},${hard}]`,
    'threads=1',
  ]
  await prepareData(loadConfig({command: 'prepare-data', sets, cwd: workspace.folder}).config, toyServices())
})

/** What an order asks of the task. */
const itemsOf = (positions: KeptPositions) => ({
  size: {train: positions.length, val: 0},
  noun: 'positions',
  orderName: 'contexts',
  strata: difficulties,
  traitsAt: (index: number) => {
    const {docId, position, difficulty, entropy} = positions.at(index)
    return {key: {source: docId, index: position}, stratum: difficulty, entropy}
  },
})

const small = ['train.steps=6', 'grpo.groupSize=2', 'grpo.contextsPerStep=6', 'grpo.curriculum=easy-to-hard']
const stepNames = (steps: number) => Array.from({length: steps}, (_, i) => i + 1)

const begin = (out: string, changes: readonly string[] = [], lines: string[] = []) =>
  train(toyConfig(workspace, out, [...small, ...changes]), toyServices({}, lines))
const rolloutsOf = (out: string, step: number) =>
  readTable(join(workspace.folder, out, 'rollouts', `step-00000${step}.arrow`), rolloutsTable)
/** The contexts of a step in the order in which they were drawn. */
const drawnIn = (out: string, step: number) =>
  [...groupBy(rolloutsOf(out, step), ({group}) => group).values()].map(
    ([{doc_id, position}]) => `${doc_id} ${position}`,
  )
const metricsOf = (out: string) => readTable(join(workspace.folder, out, 'metrics.arrow'), metricsTable)
const stateOf = (out: string, step: number) =>
  JSON.parse(
    readFileSync(join(workspace.folder, out, 'checkpoints', `step-00000${step}`, 'trainer-state.json'), 'utf8'),
  )

describe('a run with a curriculum', () => {
  const lines: string[] = []
  beforeAll(() => begin('whole', [], lines))

  it('draws positions of the level of its step, and records their mean entropy', async () => {
    const {trainPositions} = await openPrepared(workspace.data)
    const known = new Map(Array.from(trainPositions, (target) => [`${target.docId} ${target.position}`, target]))
    const rows = metricsOf('whole')
    for (const step of stepNames(6)) {
      const drawn = drawnIn('whole', step).map((name) => known.get(name)!)
      expect(new Set(drawn.map(({difficulty}) => difficulty))).toEqual(
        new Set([step < 3 ? 'easy' : step < 5 ? 'medium' : 'hard']),
      )
      const mean = drawn.reduce((sum, {entropy}) => sum + entropy, 0) / drawn.length
      expect(rows[step - 1]['rpt/context_entropy']).toBeCloseTo(mean, 12)
    }
    expect(stateOf('whole', 6)).toMatchObject({visits: 36, stageVisits: {easy: 12, medium: 12, hard: 12}})
  })

  it('says so when it begins, and in a dry run', async () => {
    const {trainPositions} = await openPrepared(workspace.data)
    const levels = groupBy(trainPositions, ({difficulty}) => difficulty)
    const countOf = (name: (typeof difficulties)[number]) => levels.get(name)!.length
    const line = `curriculum easy-to-hard: steps 1 to 2 draw from ${countOf('easy')} positions of stage easy; steps 3 to 4 draw from ${countOf('medium')} positions of stage medium; steps 5 to 6 draw from ${countOf('hard')} positions of stage hard`
    expect(lines).toContain(`contexts: ${line}`)
    expect((await planOf('train', toyConfig(workspace, 'planned', small))).batch).toEqual([
      expect.stringMatching(/^6 contexts x 2/),
      line,
    ])
    expect((await planOf('train', toyConfig(workspace, 'planned'))).batch).toHaveLength(1)
  })

  it('draws the same, whatever the micro-batches', async () => {
    await begin('single', ['grpo.contextsPerMicroBatch=1', 'rollout.contextsPerBatch=1'])
    for (const step of stepNames(6)) expect(drawnIn('single', step)).toEqual(drawnIn('whole', step))
  })

  it.each([1, 2, 3, 5])('stopped after step %d comes to the same end', async (steps) => {
    const out = `stopped-${steps}`
    const stop = new AbortController()
    const services = toyServices({signal: stop.signal})
    const stage = {advance: () => metricsOf(out).length >= steps && stop.abort(), note() {}, done() {}}
    const stopped = train(toyConfig(workspace, out, small), {
      ...services,
      progress: {...services.progress, stage: () => stage},
    })
    await expect(stopped).rejects.toThrow(Interrupted)
    await train(toyConfig(workspace, out, small), toyServices({resume: true}))
    const [resumed, whole] = await Promise.all([out, 'whole'].map((run) => runContents(join(workspace.folder, run), 6)))
    for (const name of Object.keys(whole)) expect(resumed[name] === whole[name], name).toBe(true)
  })

  it('goes on in a stage where dynamic sampling left off, whatever it drew in others', async () => {
    const dynamic = ['grpo.dynamicSampling.fromStep=1', 'grpo.dynamicSampling.maxBatches=50']
    await begin('dynamic', dynamic)
    const {trainPositions} = await openPrepared(workspace.data)
    const config = toyConfig(workspace, 'dynamic', small)
    const order = openItemOrder(config, itemsOf(trainPositions))
    expect(metricsOf('dynamic').some((row) => row['rpt/rollout_batches']! > 1)).toBe(true)
    for (const stage of [
      [1, 2],
      [3, 4],
      [5, 6],
    ]) {
      const drawn = stage.flatMap((step) => drawnIn('dynamic', step))
      const expected = drawn.map((_, visit) => trainPositions.at(order.poolOf(stage[0]).at(visit)))
      expect(drawn).toEqual(expected.map(({docId, position}) => `${docId} ${position}`))
    }
    expect(metricsOf('dynamic').every((row) => row['rpt/context_entropy']! > 0)).toBe(true)
  })

  it('is refused before the model is loaded where a level has no positions', async () => {
    const data = join(workspace.folder, 'data')
    const config = toyConfig({...workspace, data}, 'refused', small)
    await expect(train(config, toyServices())).rejects.toThrow(DataError)
    await expect(planOf('train', config)).rejects.toThrow(/the stages have: easy 0, medium 0, hard \d+/)
  })

  it('leaves no trace in the state of a run without one', async () => {
    await begin('plain', ['grpo.curriculum=none', 'train.steps=1'])
    expect(stateOf('plain', 1)).not.toHaveProperty('stageVisits')
  })
})

describe('a run with several positions of a document', () => {
  const several = ['grpo.curriculum=none', 'grpo.positionsPerDocument=3', 'train.steps=3']

  it('draws them one after the other in its steps, whatever the micro-batches', async () => {
    const lines: string[] = []
    await begin('several', several, lines)
    await begin('several-single', [...several, 'grpo.contextsPerMicroBatch=1', 'rollout.contextsPerBatch=1'])
    const {trainPositions} = await openPrepared(workspace.data)
    const pool = openItemOrder(toyConfig(workspace, 'several', several), itemsOf(trainPositions)).poolOf(1)
    for (const step of stepNames(3)) {
      const expected = stepNames(6).map((_, i) => trainPositions.at(pool.at(6 * (step - 1) + i)))
      expect(drawnIn('several', step)).toEqual(expected.map(({docId, position}) => `${docId} ${position}`))
      expect(drawnIn('several-single', step)).toEqual(drawnIn('several', step))
      expect(new Set(expected.map(({docId}) => docId)).size).toBeLessThanOrEqual(4)
    }
    expect(lines).toContainEqual(
      expect.stringMatching(/^contexts: up to 3 positions of a document one after the other/),
    )
  })
})
