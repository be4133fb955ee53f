import type {UpdateModeName} from '../src/core/config/names.js'
import type {ModelName} from './models.js'

/** One GRPO step at some lengths: every prompt and every completion is that long. */
export interface LengthsRow {
  readonly name: string
  readonly model: ModelName
  readonly contexts: number
  readonly groupSize: number
  readonly context: number
  readonly completion: number
  readonly contextsPerMicroBatch: number
  readonly mode: UpdateModeName
  /** Of the adapters that are trained in place of the weights; absent where the weights are. */
  readonly rank?: number
  /** Steps that are timed once the graphs are compiled; absent where the step that compiles them is timed, for it is long. */
  readonly timedSteps?: number
  /** Memory that it may take, GiB, where there is a goal. */
  readonly goalGiB?: number
}

/** What a fresh process found. */
export interface LengthsMeasurement {
  /** Peak resident memory. */
  readonly peakBytes: number
  /** Medians, where several steps are timed. */
  readonly sampleSeconds: number
  readonly updateSeconds: number
  /** Largest difference of a log-probability between sampling and update. */
  readonly mismatch: number
}

const one = {contexts: 1, groupSize: 8, contextsPerMicroBatch: 1}

function row(
  model: ModelName,
  mode: UpdateModeName,
  context: number,
  completion: number,
  changes: Partial<LengthsRow> = {},
): LengthsRow {
  const adapters = changes.rank === undefined ? '' : `, rank ${changes.rank}`
  const name = `${model} ${mode} ${context}+${completion}${adapters}`
  return {name, model, mode, context, completion, ...one, ...changes}
}

/** Real lengths, with goals. */
const real = [
  row('M', 'segmented', 1024, 1024, {goalGiB: 5}),
  row('L', 'segmented', 2048, 2048, {goalGiB: 16}),
  row('XL', 'segmented', 2048, 2048, {rank: 16, goalGiB: 18}),
]

/** Shapes that the estimate is held against, besides. */
const shapes = [
  row('S', 'whole', 256, 64, {contexts: 8, contextsPerMicroBatch: 4, timedSteps: 9}),
  row('S', 'segmented', 256, 64, {contexts: 8, contextsPerMicroBatch: 4, timedSteps: 9}),
  row('M', 'whole', 256, 32, {contexts: 2, timedSteps: 3}),
  row('M', 'segmented', 256, 32, {contexts: 2, timedSteps: 3}),
  row('M', 'segmented', 512, 256, {contexts: 2, groupSize: 4}),
  row('L', 'segmented', 256, 64),
]

const sizes = [128, 256, 512, 1024, 2048, 4096]

/** Where arrays stay from step to step, the second step has the peak. */
const twoSteps = {timedSteps: 1}

/** Five doublings of one length each, by what is doubled. */
export const doublings: Readonly<
  Record<string, {readonly rows: readonly LengthsRow[]; readonly key: 'context' | 'completion'}>
> = {
  context: {rows: sizes.map((size) => row('S', 'segmented', size, 128, twoSteps)), key: 'context'},
  completion: {
    rows: sizes.map((size) => row('S', 'segmented', 128, size, size <= 512 ? twoSteps : {})),
    key: 'completion',
  },
}

/** All rows, the quick ones first. */
export const lengthsRows: readonly LengthsRow[] = [
  ...new Map(
    [...shapes, ...Object.values(doublings).flatMap(({rows}) => rows), ...real].map((one) => [one.name, one]),
  ).values(),
]
