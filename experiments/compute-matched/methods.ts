import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {computeByStep} from '../../src/core/runs/compute-spent.js'
import {metricsTable, readTable} from '../../src/core/tables/index.js'

/** A way to spend the FLOPs of an RPT run on the same base. */
export interface Method {
  readonly name: string
  readonly title: string
  /** How it predicts. */
  readonly mode: 'standard' | 'reasoning'
  /** Configuration files below experiments/, the later ones first to count. */
  readonly configs: readonly (readonly [experiment: string, name: string])[]
  /** Prepared data that it trains on. */
  readonly data: 'data' | 'data-random'
  readonly settings?: readonly string[]
}

/** RPT comes first: the others are given its FLOPs. */
export const methods: readonly Method[] = [
  {name: 'rpt', title: 'RPT', mode: 'reasoning', configs: [['tiny', 'rpt']], data: 'data'},
  {
    name: 'random',
    title: 'RPT at random positions',
    mode: 'reasoning',
    configs: [['tiny', 'rpt']],
    data: 'data-random',
    settings: ['train.steps=240'],
  },
  {
    name: 'rejection',
    title: 'rejection-sampling SFT',
    mode: 'reasoning',
    configs: [
      ['tiny', 'rpt'],
      ['compute-matched', 'rejection'],
    ],
    data: 'data',
  },
  {
    name: 'rejection-fast',
    title: 'rejection-sampling SFT, rate x 5',
    mode: 'reasoning',
    configs: [
      ['tiny', 'rpt'],
      ['compute-matched', 'rejection'],
    ],
    data: 'data',
    settings: ['optim.learningRate=5e-4'],
  },
  {
    name: 'mixed',
    title: 'more SFT on the traces',
    mode: 'reasoning',
    configs: [
      ['tiny', 'ntp'],
      ['compute-matched', 'mixed'],
    ],
    data: 'data',
  },
  {
    name: 'ntp',
    title: 'next-token training',
    mode: 'standard',
    configs: [['tiny', 'ntp']],
    data: 'data',
    settings: ['train.steps=600'],
  },
]

/** Shares of RPT's FLOPs at which the methods are compared. */
export const shares = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] as const

/** FLOPs up to each step of a run. */
export function flopsBySteps(run: string): {step: number; flops: number}[] {
  const computeAt = computeByStep(readTable(join(run, 'metrics.arrow'), metricsTable))
  return Array.from(computeAt, ([step, flops]) => ({step, flops}))
}

/** The checkpoints of a run nearest to each share of some FLOPs. */
export function checkpointsAt(run: string, budget: number): {step: number; flops: number; share: number}[] {
  const saved = flopsBySteps(run).filter(({step}) =>
    existsSync(join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`)),
  )
  return shares.map((share) => {
    const nearest = saved.reduce((best, one) =>
      Math.abs(one.flops - share * budget) < Math.abs(best.flops - share * budget) ? one : best,
    )
    return {...nearest, share}
  })
}
