import type {Side, Work, WorkSize} from './job.js'
import type {ModelName} from './models.js'

/** One row of the benchmark: a work on a workload, the goal, and how it is run. */
export interface Benchmark {
  readonly work: Work
  readonly workload: string
  readonly model: ModelName
  readonly size: WorkSize
  /** Times the peer's rate. Peak memory must be at most the peer's everywhere. */
  readonly goal: number
  /** See Job.microBatch; what each side does best with within 16 GiB, found by trying (README.md). */
  readonly microBatch: Readonly<Record<Side, number>>
  /** Timed repeats of each process. */
  readonly repeats: number
  /** How the peer warms up; ours compiles, so it always runs the whole work once. */
  readonly peerWarmUp: 'full' | 'small'
  /** Expected seconds of one process, for the plan. */
  readonly expected: Readonly<Record<Side, number>>
}

const sizes: Readonly<Record<string, WorkSize>> = {
  S32: {contexts: 32, groupSize: 8, context: 256, completion: 32},
  S128: {contexts: 32, groupSize: 8, context: 256, completion: 128},
  M: {contexts: 4, groupSize: 8, context: 512, completion: 64},
  L: {contexts: 1, groupSize: 8, context: 512, completion: 32},
}

/** Documents of 512 tokens to score. */
const scored = (contexts: number): WorkSize => ({contexts, groupSize: 1, context: 512, completion: 0})

/** Rows of next-token training. */
const rows = (contexts: number, context: number): WorkSize => ({contexts, groupSize: 1, context, completion: 0})

type Row = [
  work: Work,
  workload: string,
  goal: number,
  microBatch: [ours: number, peer: number],
  repeats: number,
  peerWarmUp: 'full' | 'small',
  expected: [ours: number, peer: number],
  size?: WorkSize,
]

const table: readonly Row[] = [
  ['rollout', 'S32', 5, [32, 256], 2, 'full', [6, 20]],
  ['rollout', 'S128', 5, [32, 256], 1, 'full', [8, 28]],
  ['rollout', 'M', 2, [4, 32], 1, 'small', [45, 55]],
  ['rollout', 'L', 1.5, [1, 8], 1, 'small', [48, 50]],
  ['update', 'S32', 4, [4, 32], 2, 'full', [9, 32]],
  ['update', 'S128', 4, [2, 32], 1, 'full', [11, 32]],
  ['update', 'M', 3, [2, 8], 1, 'small', [65, 115]],
  ['update', 'L', 2, [1, 4], 1, 'small', [80, 100]],
  ['step', 'S32', 5, [4, 32], 2, 'full', [12, 50]],
  ['step', 'S128', 5, [2, 32], 1, 'full', [16, 60]],
  ['step', 'M', 2.5, [2, 8], 1, 'small', [108, 165]],
  ['lean-step', 'S32', 5, [4, 32], 2, 'full', [14, 60]],
  ['lean-step', 'S128', 5, [2, 32], 1, 'full', [18, 75]],
  ['lean-step', 'M', 2.5, [2, 8], 1, 'small', [120, 200]],
  ['score', 'S', 1.2, [16, 16], 3, 'full', [11, 18], scored(64)],
  ['score', 'M', 1.2, [4, 4], 1, 'full', [20, 28], scored(8)],
  ['score', 'L', 1.1, [1, 1], 1, 'full', [22, 32], scored(2)],
  ['ntp', 'S', 1.2, [16, 16], 3, 'full', [7, 13], rows(16, 256)],
  ['ntp', 'M', 1.1, [2, 4], 1, 'full', [27, 36], rows(4, 512)],
  ['ntp', 'L', 1, [1, 1], 1, 'full', [34, 44], rows(1, 512)],
]

/** Every row of the benchmark. */
export const benchmarks: readonly Benchmark[] = table.map(
  ([work, workload, goal, microBatch, repeats, peerWarmUp, expected, size]) => ({
    work,
    workload,
    model: workload[0] as ModelName,
    size: size ?? sizes[workload],
    goal,
    microBatch: {ours: microBatch[0], peer: microBatch[1]},
    repeats,
    peerWarmUp,
    expected: {ours: expected[0], peer: expected[1]},
  }),
)

/**
 * The rows that `filters` name: a work, a workload, a model, or `work/workload`; all without a filter.
 *
 * @throws {Error} when a filter names nothing
 */
export function select(filters: readonly string[]): readonly Benchmark[] {
  const names = ({work, workload, model}: Benchmark) => [
    work,
    workload,
    model,
    `${work}/${workload}`,
    `${work}/${model}`,
  ]
  const unknown = filters.find((filter) => !benchmarks.some((benchmark) => names(benchmark).includes(filter)))
  if (unknown) {
    const known = benchmarks.map(({work, workload}) => `${work}/${workload}`).join(', ')
    throw new Error(`--only ${unknown} names no row; there are ${known}, or a work or workload alone`)
  }
  return benchmarks.filter(
    (benchmark) => filters.length === 0 || filters.some((filter) => names(benchmark).includes(filter)),
  )
}
