import type {Config} from '../../config/schema.js'
import type {Task} from '../../tasks/task.js'
import {DataError, UsageError} from '../../util/errors.js'
import {groupBy} from '../../util/group-by.js'
import {documentRuns, VisitOrder} from '../order.js'
import {curricula, type Stage} from './curricula.js'

/** Training items that steps draw from, in an order of their own. */
export interface Pool {
  /** What visits are counted by; absent where it holds all items throughout. */
  readonly name?: string
  /** Number of the training item at visit k = 0, 1, ... of this pool. */
  at(visit: number): number
}

/** Which training items the steps of a run draw. */
export interface ItemOrder {
  /** What step 1, 2, ... draws from. */
  poolOf(step: number): Pool
  /** What is to be said of it; nothing where all items come in seeded order. */
  readonly notes: readonly string[]
}

/** What is asked of the task. */
type Items = Pick<Task<unknown>, 'size' | 'noun' | 'orderName' | 'strata' | 'traitsAt'>
/** What an order goes by. */
type OrderSettings = Pick<Config, 'seed' | 'grpo' | 'train'>

/**
 * The order in which training items are drawn: each pool again and again, every epoch a seeded permutation of its own.
 *
 * @throws {UsageError} for a curriculum that the items or the steps have no stages for, and for several items of a document
 *   where no document has them
 * @throws {DataError} when a stage has no items
 */
export function openItemOrder(config: OrderSettings, task: Items): ItemOrder {
  const stages = stagesOf(config, task)
  const pools = stages.map(({stage, members}) => poolOf(config, task, stage.name, members))
  const starts = stages.map(({start}) => start)
  const whole = pools.length === 0 ? poolOf(config, task, undefined, null) : null
  const notes = [...curriculumNotes(config, task, stages), ...runNotes(config, task)]
  return {poolOf: (step) => whole ?? pools[starts.findLastIndex((start) => start < step)], notes}
}

/** A stage with the steps before it, and the items that it draws from. */
interface FilledStage {
  readonly stage: Stage
  readonly start: number
  readonly members: Int32Array
}

function stagesOf({grpo, train: {steps}}: OrderSettings, task: Items): FilledStage[] {
  const stages = curricula[grpo.curriculum](grpo)
  if (stages.length === 0) return []
  const {size, noun, strata, traitsAt} = task
  if (stages.some((stage) => !stage.strata.some((name) => strata.includes(name))))
    throw new UsageError(`train: grpo.curriculum is ${grpo.curriculum}, which needs difficulties; ${noun} have none`, {
      suggestions: ['set grpo.curriculum=none'],
    })
  const stratumOf = Array.from({length: size.train}, (_, index) => traitsAt(index).stratum)
  const filled = stages.map((stage) => ({
    stage,
    start: Math.round(stage.from * steps),
    members: Int32Array.from(stratumOf.keys()).filter((index) => stage.strata.includes(stratumOf[index])),
  }))
  const empty = filled.find(({members}) => members.length === 0)
  if (empty) throw nothingToDraw(grpo, noun, empty.stage, filled)
  const skipped = filled.find(({start}, i) => start === (filled[i + 1]?.start ?? steps))
  if (skipped && steps > 0)
    throw new UsageError(
      `train: none of ${steps} steps is left for stage ${skipped.stage.name} of grpo.curriculum ${grpo.curriculum}`,
      {suggestions: ['raise train.steps', 'change grpo.curriculumAt']},
    )
  return filled
}

function nothingToDraw({curriculum}: Config['grpo'], noun: string, {name}: Stage, filled: readonly FilledStage[]) {
  const counts = filled.map(({stage, members}) => `${stage.name} ${members.length}`).join(', ')
  return new DataError(
    `train: stage ${name} of grpo.curriculum ${curriculum} has no ${noun} to train on; the stages have: ${counts}`,
    {
      suggestions: [
        'prepare the data with a data.select that keeps such positions, or with other data.thresholds',
        'set grpo.curriculum=none',
      ],
    },
  )
}

/** @param members numbers of the items of the pool; null for all */
function poolOf(
  {seed, grpo: {positionsPerDocument: length}}: OrderSettings,
  {size, orderName, traitsAt}: Items,
  name: string | undefined,
  members: Int32Array | null,
): Pool {
  const count = members?.length ?? size.train
  const memberAt = (index: number) => (members ? members[index] : index)
  const documents = () => groupBy(Array(count).keys(), (index) => traitsAt(memberAt(index)).key.source)
  const permute = length > 1 ? documentRuns([...documents().values()], length) : undefined
  const order = new VisitOrder(count, seed, name === undefined ? orderName : `${orderName} ${name}`, permute)
  return {name, at: (visit) => memberAt(order.at(visit))}
}

function curriculumNotes({grpo, train}: OrderSettings, {noun}: Items, stages: readonly FilledStage[]): string[] {
  if (stages.length === 0) return []
  const parts = stages.map(({stage, start, members}, i) => {
    const end = stages[i + 1]?.start ?? train.steps
    return `steps ${start + 1} to ${end} draw from ${members.length} ${noun} of stage ${stage.name}`
  })
  return [`curriculum ${grpo.curriculum}: ${parts.join('; ')}`]
}

/** @throws {UsageError} where no document has several items */
function runNotes({grpo: {positionsPerDocument: length}}: OrderSettings, {size, noun, traitsAt}: Items): string[] {
  if (length === 1) return []
  const sources = new Set<string>()
  for (let index = 0; index < size.train; index++) sources.add(traitsAt(index).key.source)
  if (sources.size < size.train)
    return [
      `up to ${length} ${noun} of a document one after the other: ${size.train} ${noun} of ${sources.size} documents`,
    ]
  throw new UsageError(
    `train: grpo.positionsPerDocument is ${length}; no two training ${noun} come from the same document`,
    {suggestions: ['set grpo.positionsPerDocument=1']},
  )
}
